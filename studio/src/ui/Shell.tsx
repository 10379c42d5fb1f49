import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api/client.ts";
import { useMe } from "../api/queries.ts";
import { session } from "../api/session.ts";
import { undeclareAll } from "../fonts/declared.ts";
import { useText } from "../text/index.tsx";
import { scheme, type Scheme } from "./appearance.ts";
import { Button } from "./controls.tsx";
import { Wordmark } from "./Icon.tsx";
import { Menu, MenuChoice, MenuItem, MenuLine } from "./Menu.tsx";

/** The bar that every page but the editor has. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <div className="shell">
      <header className="bar">
        <Link href="/" className="wordmark">
          <Wordmark />
        </Link>
        <span className="space" />
        <AccountMenu />
      </header>
      {children}
    </div>
  );
}

export function AccountMenu() {
  const text = useText();
  const me = useMe();
  const client = useQueryClient();
  const [, go] = useLocation();
  const [chosen, setChosen] = useState(scheme.chosen());

  async function leave() {
    await api.POST("/api/v1/auth/logout", { body: {} }).catch(() => null);
    client.clear();
    void undeclareAll();
    session.end("out");
    go("/");
  }

  return (
    <Menu trigger={<Button kind="quiet" icon="person" data-kept="" aria-label={text.nav.menu} />}>
      <p className="menu-label">{me.data?.email ?? ""}</p>
      <MenuItem onClick={() => go("/account")}>{text.nav.account}</MenuItem>
      {me.data?.role === "admin" && <MenuItem onClick={() => go("/admin")}>{text.admin.title}</MenuItem>}
      <MenuLine />
      <MenuChoice<Scheme>
        label={text.nav.appearance}
        value={chosen}
        options={[["system", text.nav.system], ["dark", text.nav.dark], ["light", text.nav.light]]}
        onChange={(one) => {
          scheme.choose(one);
          setChosen(one);
        }}
      />
      <MenuLine />
      <MenuItem onClick={() => void leave()}>{text.nav.signOut}</MenuItem>
    </Menu>
  );
}
