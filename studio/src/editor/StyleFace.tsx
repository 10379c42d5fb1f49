import { useState } from "react";
import { MiniStage } from "../ui/MiniStage.tsx";
import type { Scenario } from "./document.ts";
import { sampled, type Sample } from "./sample.ts";

/** px of the engine's stage behind a card: square, of which the middle is shown. */
const STAGE = 230;

/** What a card shows of a style: the person's words in it, which move while `moving`, and its title. */
export function StyleFace(props: {
  sample: Sample | null;
  style: Scenario["style"];
  words: number | null | undefined;
  moving: boolean;
  title: string;
}) {
  const { sample } = props;
  return (
    <>
      <span className="style-picture">
        {sample && (
          <MiniStage
            scenario={sampled(sample, props.style, props.words ?? 3)}
            width={STAGE}
            height={STAGE}
            seconds={sample.seconds}
            still={sample.still}
            moving={props.moving}
          />
        )}
      </span>
      <span className="style-name">{props.title}</span>
    </>
  );
}

/** Whether the pointer is over a card, and what tells it so. */
export function useLooked() {
  const [looked, setLooked] = useState(false);
  return [looked, { onPointerEnter: () => setLooked(true), onPointerLeave: () => setLooked(false) }] as const;
}
