import { createContext, use, type Dispatch } from "react";
import type { Video } from "../api/client.ts";
import type { Action, History } from "./history.ts";
import type { Player } from "./player.ts";

/** What every part of the editor works on. `said`: a line for the live region. */
export interface Desk {
  video: Video;
  width: number;
  height: number;
  duration: number;
  history: History;
  dispatch: Dispatch<Action>;
  player: Player;
  say: (line: string) => void;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = use(DeskContext);
  if (!desk) throw new Error("outside of the editor");
  return desk;
}
