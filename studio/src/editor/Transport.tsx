import { useEffect, useRef, useSyncExternalStore, type CSSProperties, type ReactNode } from "react";
import { clock } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/Icon.tsx";
import { SKIP } from "./keys.tsx";
import type { Player } from "./player.ts";

/** Where a film is, and what plays it. `children` stand before the volume. */
export function Transport({ player, duration, children }: { player: Player; duration: number; children?: ReactNode }) {
  const text = useText();
  const state = useSyncExternalStore(player.subscribe, player.state);
  const shown = useRef<HTMLSpanElement>(null);
  const bar = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const tell = (seconds: number) => {
      if (shown.current) shown.current.textContent = clock(seconds, true);
      if (!bar.current) return;
      bar.current.value = String(seconds);
      bar.current.setAttribute("aria-valuetext", clock(seconds));
      bar.current.style.setProperty("--part", `${(seconds / Math.max(duration, 0.01)) * 100}%`);
    };
    tell(player.time());
    return player.onTime(tell);
  }, [player, duration]);

  const loud = state.muted ? 0 : state.volume;
  return (
    <div className="film-controls">
      <input
        ref={bar}
        type="range"
        className="film-seek"
        min={0}
        max={duration}
        step={0.01}
        defaultValue={0}
        aria-label={text.editor.position}
        onChange={(event) => player.seek(event.target.valueAsNumber)}
      />
      <div className="film-buttons">
        <span className="film-time number"><span ref={shown}>0:00.00</span> <span className="faint">/ {clock(duration, true)}</span></span>
        <span className="film-center">
          <button type="button" className="button step" aria-label={text.editor.back5} title={text.editor.back5} onClick={() => player.seek(player.time() - SKIP)}>−5</button>
          <button type="button" className="button play" aria-label={state.playing ? text.editor.pause : text.editor.play} onClick={player.toggle}>
            <Icon name={state.playing ? "pause" : "play"} />
          </button>
          <button type="button" className="button step" aria-label={text.editor.on5} title={text.editor.on5} onClick={() => player.seek(player.time() + SKIP)}>+5</button>
        </span>
        <span className="film-sound">
          {children}
          <Button kind="quiet" icon={loud ? "sound" : "silent"} aria-label={loud ? text.editor.mute : text.editor.unmute} onClick={player.mute} />
          <input
            type="range"
            className="film-volume"
            min={0}
            max={1}
            step={0.05}
            value={loud}
            aria-label={text.editor.volume}
            aria-valuetext={`${Math.round(loud * 100)}%`}
            style={{ "--part": `${loud * 100}%` } as CSSProperties}
            onChange={(event) => player.loudness(event.target.valueAsNumber)}
          />
        </span>
      </div>
    </div>
  );
}
