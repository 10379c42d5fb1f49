/** Numbers as people read them. */

/** Seconds as 1:04.50, or 1:04 without `fine`. */
export function clock(seconds: number, fine = false): string {
  const hundredths = Math.max(0, Math.floor(seconds * 100 + 1e-6));
  const whole = Math.floor(hundredths / 100);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const head = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : `${minutes}`;
  const tail = `${head}:${String(whole % 60).padStart(2, "0")}`;
  return fine ? `${tail}.${String(hundredths % 100).padStart(2, "0")}` : tail;
}

export function bytes(size: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export function timeLeft(
  seconds: number | null,
  say: { seconds: (n: number) => string; minutes: (n: number) => string },
): string {
  if (seconds == null || !Number.isFinite(seconds)) return "";
  return seconds < 90 ? say.seconds(Math.max(1, Math.ceil(seconds))) : say.minutes(Math.round(seconds / 60));
}

const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const;

/** How long ago a moment was, as "3 min. ago". */
export function ago(time: string, language: string): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  const [unit, length] = UNITS.find(([, one]) => seconds >= one) ?? UNITS[3];
  return new Intl.RelativeTimeFormat(language, { style: "short" }).format(-Math.floor(seconds / length), unit);
}

/** A length of time by its largest unit, as "12 sec". */
export function lasting(seconds: number, language: string): string {
  const [unit, length] = UNITS.find(([, one]) => seconds >= one) ?? UNITS[3];
  const value = seconds / length;
  return value.toLocaleString(language, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** A name for something new, unique without a server. */
export function newName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
