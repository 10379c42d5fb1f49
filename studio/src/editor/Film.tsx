import { useEffect, useRef, useState, useSyncExternalStore, type PointerEvent } from "react";
import { draw, freePart, type FreePart, type Stage } from "../engine.ts";
import { kept } from "../kept.ts";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { override } from "./edits.ts";
import { SourceVideo } from "./SourceVideo.tsx";
import { Transport } from "./Transport.tsx";

/** The film with its captions over it, drawn at the export's own size and shown smaller. */
export function Film() {
  const { video, width, height, duration, player, history } = useDesk();
  const text = useText();
  const frame = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | null>(null);
  const grip = useRef<HTMLDivElement>(null);
  const [fault, setFault] = useState("");
  const state = useSyncExternalStore(player.subscribe, player.state);
  const free = useFreePart(width, height);
  const [guarded, setGuarded] = useState(() => kept.read<boolean>("guarded") ?? false);

  useEffect(() => {
    const [shown, inside] = [frame.current, holder.current];
    if (!shown || !inside) return;
    const fit = () => {
      inside.style.transform = `scale(${shown.clientWidth / width})`;
    };
    const watch = new ResizeObserver(fit);
    watch.observe(shown);
    fit();
    return () => watch.disconnect();
  }, [width]);

  /** Puts what the pointer takes hold of over the captions of now. */
  function placeGrip() {
    const bounds = stage.current?.bounds();
    const shown = grip.current;
    if (!shown) return;
    shown.hidden = !bounds;
    if (!bounds) return;
    shown.style.left = `${(bounds.x / width) * 100}%`;
    shown.style.top = `${(bounds.y / height) * 100}%`;
    shown.style.width = `${(bounds.width / width) * 100}%`;
    shown.style.height = `${(bounds.height / height) * 100}%`;
  }

  const scenario = history.present;
  useEffect(() => {
    const inside = holder.current;
    if (!inside) return;
    const stop = new AbortController();
    draw(inside, scenario, width, height, player.time, stop.signal).then(
      (drawn) => {
        if (!drawn) return;
        stage.current = drawn;
        setFault("");
        placeGrip();
      },
      (error: unknown) => setFault(String(error)),
    );
    return () => stop.abort();
  }, [scenario, width, height, player]);

  useEffect(
    () =>
      player.onTime((seconds) => {
        stage.current?.seek(seconds);
        if (!player.state().playing) placeGrip();
      }),
    [player, width, height],
  );
  useEffect(placeGrip, [state.playing]);

  function guard() {
    kept.write("guarded", !guarded);
    setGuarded(!guarded);
  }

  return (
    <main className="film" tabIndex={-1} aria-label={text.editor.playback}>
      <div className="film-room">
        <div
          className="film-frame"
          ref={frame}
          style={{ "--ratio": width / height } as React.CSSProperties}
          data-testid="film"
        >
          <SourceVideo video={video} player={player} />
          {free && <FreeArea free={free} shown={guarded} />}
          <div className="film-stage" ref={holder} data-testid="stage" />
          <Grip grip={grip} holder={holder} />
          {state.failed && <p className="film-note">{text.editor.cannotPlay}</p>}
          {fault && <p className="film-note" role="alert">{fault}</p>}
        </div>
      </div>
      <Transport player={player} duration={duration}>
        <Button kind="quiet" icon="area" aria-label={text.look.showFree} aria-pressed={guarded} onClick={guard} />
      </Transport>
    </main>
  );
}

/** Where the captions are taken hold of and dragged; a choice of places stands in the panel. */
function Grip(props: {
  grip: React.RefObject<HTMLDivElement | null>;
  holder: React.RefObject<HTMLDivElement | null>;
}) {
  const { player, dispatch, width, height } = useDesk();
  const held = useRef<{ x: number; y: number; scale: number; box: DOMRect } | null>(null);

  function moved(event: PointerEvent): [number, number] {
    const from = held.current;
    return from ? [event.clientX - from.x, event.clientY - from.y] : [0, 0];
  }

  function take(event: PointerEvent<HTMLDivElement>) {
    const shown = event.currentTarget.parentElement;
    if (!shown) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const scale = shown.clientWidth / width;
    held.current = { x: event.clientX, y: event.clientY, scale, box: event.currentTarget.getBoundingClientRect() };
  }

  function drag(event: PointerEvent<HTMLDivElement>) {
    if (!held.current) return;
    const [x, y] = moved(event);
    event.currentTarget.style.translate = `${x}px ${y}px`;
    if (props.holder.current) props.holder.current.style.translate = `${x}px ${y}px`;
  }

  function leave(event: PointerEvent<HTMLDivElement>) {
    const from = held.current;
    if (!from) return;
    const [x, y] = moved(event);
    const shown = event.currentTarget.parentElement?.getBoundingClientRect();
    held.current = null;
    event.currentTarget.style.translate = "";
    if (props.holder.current) props.holder.current.style.translate = "";
    if (Math.hypot(x, y) < 4) return player.toggle();
    if (!shown) return;
    const unit = (value: number) => Math.round(Math.max(0, Math.min(1, value)) * 1000) / 1000;
    const position = {
      x: unit((from.box.x + from.box.width / 2 + x - shown.x) / (width * from.scale)),
      y: unit((from.box.y + from.box.height / 2 + y - shown.y) / (height * from.scale)),
      anchor: "center" as const,
    };
    dispatch({ do: "edit", change: (one) => override(one, { position }) });
  }

  return (
    <div
      className="film-grip"
      ref={props.grip}
      hidden
      onPointerDown={take}
      onPointerMove={drag}
      onPointerUp={leave}
      onPointerCancel={leave}
    />
  );
}

/** What players lay over the film, darkened: while captions are dragged, or for as long as it is `shown`. */
function FreeArea({ free, shown }: { free: FreePart; shown: boolean }) {
  const text = useText();
  const [left, top, right, bottom] = free.area.map((part) => `${part * 100}%`);
  return (
    <div
      className="film-free"
      data-shown={shown ? "" : undefined}
      data-testid="free-area"
      style={{ left, top, width: `calc(${right} - ${left})`, height: `calc(${bottom} - ${top})` }}
    >
      <span>{free.covered_by.length ? text.look.coveredBy(free.covered_by) : text.look.edges}</span>
    </div>
  );
}

function useFreePart(width: number, height: number): FreePart | null {
  const [free, setFree] = useState<FreePart | null>(null);
  useEffect(() => {
    let gone = false;
    freePart(width, height).then(
      (part) => { if (!gone) setFree(part); },
      () => {}, // without it captions can be placed all the same
    );
    return () => { gone = true; };
  }, [width, height]);
  return free;
}
