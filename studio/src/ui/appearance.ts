import { kept } from "../kept.ts";

export type Scheme = "system" | "dark" | "light";

export const scheme = {
  chosen: (): Scheme => kept.read<Scheme>("scheme") ?? "system",
  choose(one: Scheme) {
    kept.write("scheme", one);
    scheme.apply();
  },
  apply() {
    const one = scheme.chosen();
    if (one === "system") delete document.documentElement.dataset["scheme"];
    else document.documentElement.dataset["scheme"] = one;
  },
};
