import { useId } from "react";

const WIDTH = 300;
const HEIGHT = 72;
const GAP = 2;

/** A day or the like, and its number. */
export interface Bar {
  label: string;
  value: number;
}

/**
 * Numbers over time as bars. `total`: what all come to, as it is written; `shown`: one of them as
 * it is written. A picture to whoever cannot see it: the numbers themselves stand in a table near by.
 */
export function Bars(props: {
  title: string;
  total: string;
  bars: readonly Bar[];
  shown: (value: number) => string;
  bad?: boolean;
}) {
  const id = useId();
  const { bars } = props;
  const most = Math.max(...bars.map((one) => one.value), 0);
  const step = WIDTH / Math.max(1, bars.length);
  return (
    <figure className="bars" data-bad={props.bad || undefined}>
      <figcaption id={id}>
        <span className="small muted">{props.title}</span>
        <b className="number">{props.total}</b>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={id}>
        {bars.map((one, index) => {
          const tall = most ? Math.max(one.value ? 3 : 0, (one.value / most) * HEIGHT) : 0;
          return (
            <g key={one.label}>
              <title>{`${one.label}: ${props.shown(one.value)}`}</title>
              <rect className="bar-place" x={index * step} y={0} width={step} height={HEIGHT} />
              <rect className="bar-value" x={index * step + GAP / 2} y={HEIGHT - tall} width={step - GAP} height={tall} rx={1.5} />
            </g>
          );
        })}
      </svg>
      <p className="tiny faint number" aria-hidden="true">
        <span>{bars[0]?.label}</span>
        <span>{bars.at(-1)?.label}</span>
      </p>
    </figure>
  );
}
