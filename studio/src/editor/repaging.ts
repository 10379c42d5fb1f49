import { useCallback } from "react";
import { api, body, saying, Unreachable } from "../api/client.ts";
import { useStyles } from "../api/queries.ts";
import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import { setStyle } from "./edits.ts";
import type { Scenario } from "./document.ts";

type Look = Scenario["style"];

/** Puts on a style or a whole look; where it shows another number of words at a time, captions are cut anew. */
export function useRepaging(): (change: Pick<Look, "name"> & Partial<Look>) => Promise<void> {
  const { history, dispatch, video, say } = useDesk();
  const styles = useStyles();
  const text = useText();
  const scenario = history.present;
  return useCallback(
    async (change) => {
      const paging = (name: string) => JSON.stringify(styles.data?.find((one) => one.name === name)?.paging);
      const dressed = setStyle(scenario, change);
      if (paging(scenario.style.name) === paging(change.name) || !scenario.cues.length) {
        dispatch({ do: "edit", change: () => dressed });
        return;
      }
      try {
        const paged = await body(
          api.POST("/api/v1/videos/{video_id}/scenario/pages", {
            params: { path: { video_id: video.id } },
            body: dressed,
          }),
        );
        // what was edited meanwhile is not to be lost: the look alone then
        dispatch({
          do: "edit",
          select: null,
          change: (now) => (now === scenario ? (paged as Scenario) : setStyle(now, change)),
        });
        say(text.look.repaged);
      } catch (error) {
        dispatch({ do: "edit", change: (now) => setStyle(now, change) });
        say(error instanceof Unreachable ? text.errors.offline : saying(error));
      }
    },
    [styles.data, scenario, dispatch, video.id, say, text],
  );
}
