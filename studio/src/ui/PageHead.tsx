import type { ReactNode } from "react";
import { Link } from "wouter";
import { useText } from "../text/index.tsx";
import { useTitle } from "./title.ts";

/** The top of a page: its name, what is said under it, what can be done on it, and the way `back`. */
export function PageHead(props: { title: string; back?: boolean; lead?: ReactNode; children?: ReactNode }) {
  const text = useText();
  useTitle(props.title);
  return (
    <header className="page-head">
      <div>
        {props.back && <Link href="/" className="back">← {text.nav.back}</Link>}
        <h1>{props.title}</h1>
        {props.lead}
      </div>
      {props.children}
    </header>
  );
}
