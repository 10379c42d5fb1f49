import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, saying, Unreachable, type Look } from "../api/client.ts";
import { useText } from "../text/index.tsx";

const KEY = ["looks"] as const;

/** This account's saved looks, newest first, and what can be done to them; each gives whether it was done. */
export function useLooks() {
  const text = useText();
  const client = useQueryClient();
  const [fault, setFault] = useState("");
  const known = useQuery({ queryKey: KEY, queryFn: async () => (await body(api.GET("/api/v1/looks"))).items });
  const looks: readonly Look[] = known.data ?? [];

  async function tried(work: () => Promise<unknown>): Promise<boolean> {
    setFault("");
    try {
      await work();
      await client.invalidateQueries({ queryKey: KEY });
      return true;
    } catch (error) {
      setFault(error instanceof Unreachable ? text.errors.offline : saying(error));
      return false;
    }
  }

  /** What is wrong with a name for a look other than `but`; else nothing. */
  function nameFault(name: string, but?: Look): string {
    const taken = looks.some((one) => one.name === name && one.id !== but?.id);
    return taken ? text.looks.taken(name) : "";
  }

  return {
    looks,
    fault,
    nameFault,
    save: (name: string, style: Look["style"]) => tried(() => body(api.POST("/api/v1/looks", { body: { name, style } }))),
    replace: ({ id, name, style }: Pick<Look, "id" | "name" | "style">) =>
      tried(() => body(api.PUT("/api/v1/looks/{look_id}", { params: { path: { look_id: id } }, body: { name, style } }))),
    remove: ({ id }: Look) =>
      tried(() => body(api.DELETE("/api/v1/looks/{look_id}", { params: { path: { look_id: id } } }))),
  };
}
