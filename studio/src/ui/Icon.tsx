/** Drawn for the studio on a 16 px grid. */
const PATHS = {
  play: "M4.5 2.8v10.4l8.5-5.2z",
  pause: "M5 3v10M11 3v10",
  back: "M10 3 5 8l5 5",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  undo: "M3 6h6.5a3.5 3.5 0 0 1 0 7H6M3 6l3-3M3 6l3 3",
  redo: "M13 6H6.5a3.5 3.5 0 0 0 0 7H10M13 6l-3-3M13 6l-3 3",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  check: "M3 8.5l3.2 3.2L13 5",
  plus: "M8 3v10M3 8h10",
  film: "M2.5 3.5h11v9h-11zM5.5 3.5v9M10.5 3.5v9M2.5 8h3M10.5 8h3",
  down: "M8 2.5v8M4.5 7.2L8 10.7l3.5-3.5M3 13.5h10",
  up: "M8 12V3M4.5 6.5L8 3l3.5 3.5M3 13.5h10",
  edit: "M3 13l.7-3L10.8 3l2.2 2.2L6 12.3z",
  merge: "M2.5 8h11M6 4.5L2.5 8 6 11.5M13.5 3v10",
  hide: "M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4zM3 13L13 3",
  show: "M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4zM8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
  strong: "M4.5 3h4a2.4 2.4 0 0 1 0 4.9h-4zM4.5 7.9h4.6a2.6 2.6 0 0 1 0 5.1H4.5z",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  cut: "M8 2v2.5M8 6.8v2.4M8 11.5V14M5.5 5L2.5 8l3 3M10.5 5l3 3-3 3",
  join: "M3 8h3.5M13 8H9.5M4.8 5.8L7 8l-2.2 2.2M11.2 5.8L9 8l2.2 2.2",
  flag: "M4 14V2.5h7.5L9.8 5.7l1.7 3.3H4",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2L13.5 13.5",
  sound: "M2.5 6v4h2.3L8 12.8V3.2L4.8 6zM10.5 5.8a3.2 3.2 0 0 1 0 4.4M12.3 4a5.8 5.8 0 0 1 0 8",
  silent: "M2.5 6v4h2.3L8 12.8V3.2L4.8 6zM10.8 6.3l3.4 3.4M14.2 6.3l-3.4 3.4",
  person: "M8 2.8a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2zM3 13.4c.5-2.4 2.4-3.9 5-3.9s4.5 1.5 5 3.9",
  keyboard: "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M11.8 7h.01M5 9.5h6",
  area: "M2.5 2.5h11v11h-11zM5.5 5.5h5v5h-5z",
  link: "M6.8 9.2a2.5 2.5 0 0 0 3.6 0l2-2a2.5 2.5 0 0 0-3.6-3.6l-1 1M9.2 6.8a2.5 2.5 0 0 0-3.6 0l-2 2a2.5 2.5 0 0 0 3.6 3.6l1-1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" fill={name === "play" ? "currentColor" : undefined}>
      <path d={PATHS[name]} fill={name === "play" ? "currentColor" : undefined} />
    </svg>
  );
}

export function Wordmark() {
  return (
    <>
      <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" strokeLinecap="round">
        <path d="M3 15h4M9.5 15V8M14 15V4.5M18.5 15v-5M22 15v-1.5" stroke="var(--accent)" strokeWidth="2.4" />
        <path d="M3 20h19" stroke="var(--line-strong)" strokeWidth="1.8" />
      </svg>
      <span>ECG <b>studio</b></span>
    </>
  );
}
