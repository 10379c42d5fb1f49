import { useId, useLayoutEffect, useRef, type ComponentProps, type ReactNode } from "react";
import { Icon, type IconName } from "./Icon.tsx";
import { useText } from "../text/index.tsx";

type ButtonProps = ComponentProps<"button"> & {
  kind?: "primary" | "quiet" | "outline" | "danger";
  size?: "small" | "large";
  icon?: IconName;
};

/** With an icon alone it must be given an `aria-label`, which is shown as its title too. */
export function Button({ kind, size, icon, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className="button"
      data-kind={kind}
      data-size={size}
      data-icon={icon && !children ? "" : undefined}
      title={icon && !children ? rest["aria-label"] : undefined}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function Field(props: {
  label: string;
  hint?: string | undefined;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.children(id)}
      {props.hint && <p className="hint">{props.hint}</p>}
    </div>
  );
}

export function Slider(props: {
  label: string;
  shown: string;
  value: number;
  min: number;
  max: number;
  step: number;
  onChange: (value: number) => void;
}) {
  const id = useId();
  const part = ((props.value - props.min) / (props.max - props.min)) * 100;
  return (
    <div className="slider">
      <span className="label">
        <label htmlFor={id}>{props.label}</label>
        <output htmlFor={id}>{props.shown}</output>
      </span>
      <input
        id={id}
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        aria-valuetext={props.shown}
        style={{ "--part": `${part}%` } as React.CSSProperties}
        onChange={(event) => props.onChange(event.target.valueAsNumber)}
      />
    </div>
  );
}

export function Segments<T extends string>(props: {
  label: string;
  value: T | null;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="segments">
      <legend className="unseen">{props.label}</legend>
      {props.options.map(([value, label]) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** `part` 0 to 1, or null where nobody knows. `high`: it is a part of what may be used, so much is no good. */
export function Progress({ part, label, high }: { part: number | null; label: string; high?: boolean }) {
  const percent = Math.round(Math.min(1, part ?? 0) * 100);
  return (
    <div
      className="progress"
      data-high={(high && percent >= 90) || undefined}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={part == null ? undefined : percent}
    >
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}

/** The browser's own modal dialog: it holds the focus, and Escape closes it. */
export function Dialog(props: {
  title: string;
  onClose: () => void;
  footer?: ReactNode;
  children: ReactNode;
  closable?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const text = useText();
  // closed before it is taken away, as only then the browser gives the focus back
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
      onCancel={(event) => {
        event.preventDefault();
        if (props.closable !== false) props.onClose();
      }}
    >
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.closable !== false && (
          <Button kind="quiet" icon="close" aria-label={text.errors.close} onClick={props.onClose} />
        )}
      </header>
      <div className="body">{props.children}</div>
      {props.footer && <footer>{props.footer}</footer>}
    </dialog>
  );
}

export function Failure({ message, onAgain }: { message: string; onAgain?: () => void }) {
  const text = useText();
  return (
    <div className="notice" data-kind="bad" role="alert">
      <span>{message}</span>
      {onAgain && (
        <Button size="small" kind="outline" onClick={onAgain}>
          {text.errors.again}
        </Button>
      )}
    </div>
  );
}
