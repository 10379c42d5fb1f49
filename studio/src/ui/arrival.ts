import { useEffect, useRef } from "react";

/** Another page is entered at its top: what had the focus on the page before is gone. */
export function useArrival(page: string) {
  const before = useRef(page);
  useEffect(() => {
    if (before.current === page) return;
    before.current = page;
    const held = document.activeElement;
    if (!held || held === document.body) document.getElementById("studio")?.focus();
  }, [page]);
}
