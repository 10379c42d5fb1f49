/** Undo and redo over whole scenarios, which share what did not change between them. */
import type { Place, Scenario } from "./document.ts";
import { untimedAfter, type Run } from "./timing.ts";

export const STEPS = 500;

export interface History {
  past: readonly Scenario[];
  present: Scenario;
  future: readonly Scenario[];
  /** what the last edit was part of: the next of the same is one step with it */
  group: string | null;
  selected: Place | null;
  editing: boolean;
  /** what edits made and the sound has not timed yet */
  untimed: readonly Run[];
}

export type Action =
  | { do: "edit"; change: (scenario: Scenario) => Scenario; group?: string; select?: Place | null; editing?: boolean;
      /** words were written, split or merged: the new ones are to be timed */
      worded?: boolean }
  /** the answer of the sound: a step of its own, during which the person goes on */
  | { do: "time"; run: Run; change: (scenario: Scenario) => Scenario }
  | { do: "undo" }
  | { do: "redo" }
  | { do: "select"; place: Place | null; editing?: boolean }
  | { do: "replace"; scenario: Scenario };

export function begin(scenario: Scenario): History {
  return { past: [], present: scenario, future: [], group: null, selected: null, editing: false, untimed: [] };
}

export function reduce(state: History, action: Action): History {
  switch (action.do) {
    case "edit": {
      const present = action.change(state.present);
      const selected = action.select === undefined ? state.selected : action.select;
      const editing = action.editing ?? false;
      if (present === state.present) return { ...state, selected: kept(present, selected), editing };
      const goesOn = action.group != null && action.group === state.group;
      const past = goesOn ? state.past : [...state.past, state.present].slice(-STEPS);
      const untimed = action.worded ? untimedAfter(state.present, present, state.untimed) : state.untimed;
      return {
        past, present, future: [], group: action.group ?? null,
        selected: kept(present, selected), editing, untimed,
      };
    }
    case "time": {
      const untimed = state.untimed.filter((run) => run !== action.run);
      // what can be done again is not given up for it
      const present = state.future.length ? state.present : action.change(state.present);
      if (present === state.present) return { ...state, untimed };
      return { ...state, past: [...state.past, state.present].slice(-STEPS), present, group: null, untimed };
    }
    case "undo": {
      const present = state.past.at(-1);
      if (!present) return state;
      return {
        past: state.past.slice(0, -1), present, future: [state.present, ...state.future],
        group: null, selected: kept(present, state.selected), editing: false, untimed: [],
      };
    }
    case "redo": {
      const [present, ...future] = state.future;
      if (!present) return state;
      return {
        past: [...state.past, state.present], present, future,
        group: null, selected: kept(present, state.selected), editing: false, untimed: [],
      };
    }
    case "select":
      return { ...state, selected: kept(state.present, action.place), editing: action.editing ?? false, group: null };
    case "replace":
      return { ...begin(action.scenario), selected: kept(action.scenario, state.selected) };
  }
}

/** The place itself or the nearest that there is. */
function kept(scenario: Scenario, place: Place | null): Place | null {
  const cue = scenario.cues.find((one) => one.id === place?.cue);
  if (!place || !cue) return null;
  return place.word < cue.words.length ? place : { cue: cue.id, word: cue.words.length - 1 };
}
