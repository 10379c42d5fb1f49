import { useEffect, type RefObject } from "react";

/** The parts of the editor, in their order. Each can have the focus itself. */
const PARTS = ".words, .film, .inspector, .timeline, .export";

/**
 * The focus never falls to the page: where what had it is gone or can act no more, the selected
 * word of the part that it stood in has it, else the part.
 */
export function useKeptFocus(editor: RefObject<HTMLElement | null>) {
  useEffect(() => {
    const root = editor.current;
    if (!root) return;
    let last: HTMLElement | null = null;
    let part: HTMLElement | null = null;
    const took = (event: FocusEvent) => {
      last = event.target as HTMLElement;
      part = last.closest<HTMLElement>(PARTS);
    };
    const look = () => {
      const now = document.activeElement;
      if (!last || !part?.isConnected || (now !== last && now !== document.body)) return;
      if (last.isConnected && !last.matches(":disabled")) return;
      const word = part.querySelector<HTMLElement>('.word[tabindex="0"]');
      (word ?? part).focus({ preventScroll: true });
    };
    root.addEventListener("focusin", took);
    const watch = new MutationObserver(look);
    watch.observe(root, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    return () => {
      root.removeEventListener("focusin", took);
      watch.disconnect();
    };
  }, [editor]);
}

/** Gives the focus back to what had it before, where nothing has it. */
export function useFocusBack() {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      const now = document.activeElement;
      if (before instanceof HTMLElement && (!now || now === document.body)) before.focus();
    };
  }, []);
}

/** Moves the focus to the part after (`by` 1) or before (-1) the one that has it. */
export function stepPart(by: 1 | -1) {
  const parts = [...document.querySelectorAll<HTMLElement>(PARTS)];
  const at = parts.findIndex((one) => one.contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : parts.length - 1) : (at + by + parts.length) % parts.length;
  parts[next]?.focus({ preventScroll: true });
}
