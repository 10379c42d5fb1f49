import { useEffect, useRef, useState } from "react";
import { draw } from "../engine.ts";
import type { Scenario } from "../editor/document.ts";

/**
 * A scenario drawn by the engine and played in a loop of `seconds`; still at `still` while it is
 * not `moving`, and for whoever wants no motion. Drawn once it comes into sight. It fills its parent's width; the stage is `width`
 * by `height` pixels of the engine, shown around the middle.
 */
export function MiniStage(props: {
  scenario: Scenario;
  width: number;
  height: number;
  seconds: number;
  still: number;
  moving: boolean;
}) {
  const { scenario, width, height, seconds, still, moving } = props;
  const frame = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const runs = useRef(false);
  const [near, setNear] = useState(false);
  runs.current = moving && !matchMedia("(prefers-reduced-motion: reduce)").matches;

  useEffect(() => {
    const shown = frame.current;
    const inside = holder.current;
    if (!shown || !inside) return;
    const fit = () => {
      const scale = Math.max(shown.clientWidth / width, 0.01);
      inside.style.transform = `translate(-50%, -50%) scale(${scale})`;
    };
    const watch = new ResizeObserver(fit);
    watch.observe(shown);
    fit();
    return () => watch.disconnect();
  }, [width]);

  useEffect(() => {
    if (near || !frame.current) return;
    const watch = new IntersectionObserver((seen) => setNear(seen.some((one) => one.isIntersecting)), { rootMargin: "200px" });
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, [near]);

  useEffect(() => {
    const inside = holder.current;
    if (!inside || !near) return;
    const stop = new AbortController();
    let next = 0;
    const time = () => (runs.current ? (performance.now() / 1000) % seconds : still);
    draw(inside, scenario, width, height, time, stop.signal).then(
      (stage) => {
        let was = -1;
        const step = () => {
          const now = time();
          if (now !== was) stage?.seek(now);
          was = now;
          next = requestAnimationFrame(step);
        };
        if (stage) step();
      },
      () => {}, // a preview that cannot be drawn stays empty; the film says why
    );
    return () => {
      stop.abort();
      cancelAnimationFrame(next);
    };
  }, [near, scenario, width, height, seconds, still]);

  return (
    <div className="mini" ref={frame} aria-hidden="true">
      <div className="mini-stage" ref={holder} />
    </div>
  );
}
