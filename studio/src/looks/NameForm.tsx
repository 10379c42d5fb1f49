import { useId, useState, type FormEvent } from "react";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";

/** A name, asked for where it will stand. `fault`: what is wrong with one; nothing where it can be had. */
export function NameForm(props: {
  label: string;
  value: string;
  fault: (name: string) => string;
  onName: (name: string) => Promise<boolean>;
  onCancel: () => void;
}) {
  const id = useId();
  const text = useText();
  const [name, setName] = useState(props.value);
  const [told, setTold] = useState("");
  const [busy, setBusy] = useState(false);

  async function take(event: FormEvent) {
    event.preventDefault();
    const wanted = name.trim();
    const fault = wanted && props.fault(wanted);
    setTold(fault);
    if (!wanted || fault) return;
    setBusy(true);
    if (!(await props.onName(wanted))) setBusy(false);
  }

  return (
    <form
      className="name-form"
      onSubmit={(event) => void take(event)}
      onKeyDown={(event) => {
        // letters typed here are no keys of the editor
        event.stopPropagation();
        if (event.key === "Escape") props.onCancel();
      }}
    >
      <label htmlFor={id} className="unseen">{props.label}</label>
      <input
        id={id}
        className="input"
        data-size="small"
        placeholder={props.label}
        maxLength={80}
        required
        autoFocus
        autoComplete="off"
        value={name}
        aria-invalid={told ? true : undefined}
        aria-describedby={told ? `${id}-told` : undefined}
        onFocus={(event) => event.target.select()}
        onChange={(event) => {
          setName(event.target.value);
          setTold("");
        }}
      />
      <Button type="submit" size="small" kind="primary" disabled={busy}>{text.looks.keep}</Button>
      <Button size="small" kind="quiet" onClick={props.onCancel}>{text.videos.cancel}</Button>
      {told && <p className="fault" id={`${id}-told`} role="alert">{told}</p>}
    </form>
  );
}
