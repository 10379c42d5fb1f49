import { useEffect } from "react";

/** The name of the page, in its tab and to whoever hears it. */
export function useTitle(name: string) {
  useEffect(() => {
    document.title = name ? `${name} · ECG studio` : "ECG studio";
  }, [name]);
}
