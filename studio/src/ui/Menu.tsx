import { Menu as Base } from "@base-ui/react/menu";
import { useText } from "../text/index.tsx";
import type { ReactElement, ReactNode } from "react";

/** A menu below its trigger; arrow keys, type-ahead and focus come with the library. */
export function Menu(props: { trigger: ReactElement; children: ReactNode; align?: "start" | "end" }) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={props.trigger} />
      <Base.Portal role="region" aria-label={useText().nav.opened}>
        <Base.Positioner className="menu-layer" sideOffset={6} align={props.align ?? "end"}>
          <Base.Popup className="menu">{props.children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem(props: {
  onClick?: () => void;
  danger?: boolean;
  href?: string;
  download?: string;
  children: ReactNode;
}) {
  if (props.href)
    return (
      <Base.Item
        className="menu-item"
        render={<a href={props.href} download={props.download}>{props.children}</a>}
      />
    );
  return (
    <Base.Item className="menu-item" data-danger={props.danger ? "" : undefined} onClick={props.onClick}>
      {props.children}
    </Base.Item>
  );
}

export function MenuChoice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [T, ReactNode])[];
  onChange: (value: T) => void;
}) {
  return (
    <Base.RadioGroup value={props.value} onValueChange={(value) => props.onChange(value as T)}>
      <Base.Group>
        <Base.GroupLabel className="menu-label">{props.label}</Base.GroupLabel>
        {props.options.map(([value, label]) => (
          <Base.RadioItem key={value} value={value} className="menu-item">
            {label}
            <Base.RadioItemIndicator className="tick">✓</Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.Group>
    </Base.RadioGroup>
  );
}

export function MenuLine() {
  return <Base.Separator className="menu-line" />;
}
