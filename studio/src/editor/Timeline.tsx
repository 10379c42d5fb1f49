import { useCallback, useEffect, useMemo, useRef, useState, type MouseEvent, type PointerEvent } from "react";
import { clock } from "../format.ts";
import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import { readContour, type Contour } from "./contour.ts";
import { colorsOf, same, spotsOf, wordAt, type Place, type Spot } from "./document.ts";
import { moveEdge } from "./edits.ts";
import { goTo } from "./keys.tsx";
import type { Retiming } from "./retiming.ts";
import { paint } from "./timelinePicture.ts";
import { readPeaks, type Peaks } from "./waveform.ts";

const ZOOMS = [40, 70, 120, 200, 340] as const;
const AROUND = 400; // px beyond the visible that words are drawn in
const MARGIN = 16; // px before the track, as the sheet has it

/** Words as handles over the sound: drag an edge, and the neighbour that touches it moves along. */
export function Timeline({ retiming }: { retiming: Retiming }) {
  const desk = useDesk();
  const { history, player, duration } = desk;
  const text = useText();
  const room = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const scrubbing = useRef(false);
  const [zoom, setZoom] = useState(3);
  const [view, setView] = useState({ left: 0, width: 1200 });
  const { contour, peaks, tooLong } = useSound();
  const scale = ZOOMS[zoom] ?? 120;
  const spots = useMemo(() => spotsOf(history.present), [history.present]);
  const colors = useMemo(() => {
    const shown = colorsOf(history.present);
    return new Map(history.present.cues.map((cue) => [cue.id, shown.get(cue.speaker ?? "") ?? ""]));
  }, [history.present]);
  const whole = Math.max(duration * scale, 1);

  const look = useCallback(() => {
    const shown = room.current;
    if (shown) setView({ left: shown.scrollLeft - MARGIN, width: shown.clientWidth });
  }, []);
  useEffect(() => {
    const shown = room.current;
    if (!shown) return;
    const watch = new ResizeObserver(look);
    watch.observe(shown);
    look();
    return () => watch.disconnect();
  }, [look]);

  useEffect(() => {
    const redraw = () => {
      if (canvas.current)
        paint(canvas.current, { scale, left: view.left, width: view.width, now: player.time(), peaks, contour, cues: history.present.cues });
    };
    redraw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributeFilter: ["data-scheme"] });
    const stop = player.onTime(redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      themed.disconnect();
      stop();
    };
  }, [scale, view, player, peaks, contour, history.present]);

  useEffect(() => {
    const move = (seconds: number) => {
      const [shown, line] = [room.current, head.current];
      if (!shown || !line) return;
      const x = seconds * scale;
      line.style.transform = `translateX(${x}px)`;
      const outside = x < shown.scrollLeft + 8 || x > shown.scrollLeft + shown.clientWidth - 60;
      if (outside && !scrubbing.current) shown.scrollLeft = Math.max(0, x - 120);
    };
    move(player.time());
    return player.onTime(move);
  }, [player, scale]);

  function seekTo(event: MouseEvent<HTMLDivElement>) {
    player.seek((event.clientX - event.currentTarget.getBoundingClientRect().left) / scale);
  }

  function scrub(event: PointerEvent<HTMLDivElement>) {
    if (onWord(event) || event.button !== 0 || event.pointerType === "touch") return;
    event.currentTarget.setPointerCapture(event.pointerId);
    scrubbing.current = true;
    seekTo(event);
  }

  const from = (view.left - AROUND) / scale;
  const to = (view.left + view.width + AROUND) / scale;
  return (
    <section className="timeline" tabIndex={-1} aria-label={text.timeline.title}>
      <div className="timeline-room" ref={room} onScroll={look} tabIndex={0} role="group" aria-label={text.timeline.title}>
        <div
          className="timeline-track"
          style={{ width: `${whole}px` }}
          onPointerDown={scrub}
          onPointerMove={(event) => scrubbing.current && seekTo(event)}
          onLostPointerCapture={() => { scrubbing.current = false; }}
          // a finger that goes on scrolls
          onClick={(event) => byFinger(event) && !onWord(event) && seekTo(event)}
        >
          <Ruler from={Math.max(0, from)} to={Math.min(duration, to)} scale={scale} />
          <canvas ref={canvas} className="timeline-sound" style={{ left: `${view.left}px`, width: `${view.width}px` }} aria-hidden="true" />
          {spots.filter((spot) => spot.end > from && spot.start < to).map((spot) => (
            <Chip key={`${spot.cue} ${spot.word}`} spot={spot} scale={scale} color={colors.get(spot.cue) ?? ""} selected={same(spot, history.selected)} />
          ))}
          <div className="playhead" ref={head} aria-hidden="true" />
        </div>
      </div>
      <footer className="timeline-foot">
        <span className="legend" data-of="loudness">{text.timeline.loudness}</span>
        <span className="legend" data-of="pitch">{text.timeline.pitch}</span>
        <span className="retiming" data-is={retiming.is} role="status">
          {retiming.is === "busy" && text.timeline.timing}
          {retiming.is === "done" && text.timeline.timed(retiming.words)}
          {retiming.is === "failed" && text.timeline.untimed}
        </span>
        {tooLong && <span className="muted">{text.timeline.noWave}</span>}
        <span className="space" />
        <label className="zoom">
          <span>{text.timeline.zoom}</span>
          <input
            type="range" min={0} max={ZOOMS.length - 1} step={1} value={zoom}
            style={{ "--part": `${(zoom / (ZOOMS.length - 1)) * 100}%` } as React.CSSProperties}
            onChange={(event) => setZoom(event.target.valueAsNumber)}
          />
        </label>
      </footer>
    </section>
  );
}

const onWord = (event: MouseEvent) => (event.target as Element).closest(".chip") !== null;
const byFinger = ({ nativeEvent }: MouseEvent) => nativeEvent instanceof window.PointerEvent && nativeEvent.pointerType === "touch";

function Ruler({ from, to, scale }: { from: number; to: number; scale: number }) {
  const step = scale >= 200 ? 0.5 : scale >= 100 ? 1 : 2;
  const first = Math.floor(from / step);
  const count = Math.max(0, Math.ceil(to / step) - first + 1);
  return (
    <div className="ruler" aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (first + index) * step).map((seconds) => (
        <span key={seconds} style={{ left: `${seconds * scale}px` }}>
          {clock(seconds)}{step < 1 && seconds % 1 ? ".5" : ""}
        </span>
      ))}
    </div>
  );
}

/** One word. Its edges are dragged by the pointer; by keys they move with Alt and the arrows. */
function Chip({ spot, scale, color, selected }: { spot: Spot; scale: number; color: string; selected: boolean }) {
  const desk = useDesk();
  const { dispatch } = desk;
  const place: Place = { cue: spot.cue, word: spot.word };
  const hidden = wordAt(desk.history.present, place)?.style?.hidden === true;
  const held = useRef<"start" | "end" | null>(null);
  const from = useRef({ x: 0, at: 0 });

  function take(event: PointerEvent<HTMLElement>, edge: "start" | "end") {
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = edge;
    from.current = { x: event.clientX, at: spot[edge] };
    dispatch({ do: "select", place });
  }

  function drag(event: PointerEvent<HTMLElement>) {
    const edge = held.current;
    if (!edge) return;
    const to = from.current.at + (event.clientX - from.current.x) / scale;
    dispatch({
      do: "edit", group: `drag ${edge} ${spot.cue} ${spot.word} ${from.current.at}`,
      change: (one) => moveEdge(one, place, edge, to),
    });
  }

  const leave = () => { held.current = null; };
  return (
    <div
      className="chip"
      data-selected={selected || undefined}
      data-hidden={hidden || undefined}
      data-narrow={(spot.end - spot.start) * scale < 30 || undefined}
      style={{
        left: `${spot.start * scale}px`,
        width: `${Math.max(3, (spot.end - spot.start) * scale - 2)}px`,
        "--speaker": color || "var(--muted)",
      } as React.CSSProperties}
      onClick={() => goTo(desk, place)}
    >
      <span className="chip-edge" data-edge="start" onPointerDown={(event) => take(event, "start")} onPointerMove={drag} onPointerUp={leave} onPointerCancel={leave} />
      <span className="chip-word">{spot.text}</span>
      <span className="chip-edge" data-edge="end" onPointerDown={(event) => take(event, "end")} onPointerMove={drag} onPointerUp={leave} onPointerCancel={leave} />
    </div>
  );
}

interface Sound {
  contour: Contour | null;
  peaks: Peaks | null;
  tooLong: boolean;
}

/** The measured curves; of a film that has none, the outline that the browser reads from the film. */
function useSound(): Sound {
  const { video, duration } = useDesk();
  const [sound, setSound] = useState<Sound>({ contour: null, peaks: null, tooLong: false });
  useEffect(() => {
    if (!video.has_audio) return;
    const stop = new AbortController();
    async function read(): Promise<Sound> {
      const contour = await readContour(`/api/v1/videos/${video.id}/contour`, stop.signal);
      if (contour) return { contour, peaks: contour.loudness, tooLong: false };
      const peaks = await readPeaks(`/api/v1/videos/${video.id}/source`, video.size, duration, stop.signal);
      return { contour, peaks, tooLong: peaks === null };
    }
    // a sound that cannot be read leaves the timeline without an outline
    read().then(setSound, () => {});
    return () => stop.abort();
  }, [video.id, video.size, video.has_audio, duration]);
  return sound;
}
