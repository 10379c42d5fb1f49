import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { api, body } from "../api/client.ts";
import { session } from "../api/session.ts";
import { failing } from "../api/told.ts";
import { showpiece } from "../editor/showpiece.ts";
import { useLanguage } from "../text/index.tsx";
import { Button, Field } from "../ui/controls.tsx";
import { Wordmark } from "../ui/Icon.tsx";
import { MiniStage } from "../ui/MiniStage.tsx";
import { useTitle } from "../ui/title.ts";
import { VoiceLine } from "../ui/VoiceLine.tsx";

const STILL = 2.6; // s

export function SignIn({ expired }: { expired: boolean }) {
  const { text, language } = useLanguage();
  const shown = useMemo(() => showpiece(language), [language]);
  const ways = useQuery({
    queryKey: ["ways"],
    queryFn: () => body(api.GET("/api/v1/auth/ways")),
    staleTime: Infinity,
  });
  useTitle(text.signIn.enter);
  const [, go] = useLocation();
  const [joining, setJoining] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const client = useQueryClient();
  const known = expired ? client.getQueryData<{ email: string }>(["me"])?.email : undefined;
  const password = useRef<HTMLInputElement>(null);

  async function enter(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name) ?? "").trim();
    const given = { email: value("email"), password: String(form.get("password") ?? "") };
    setBusy(true);
    setFault("");
    try {
      const answer = joining
        ? await body(api.POST("/api/v1/auth/signup", { body: { ...given, name: value("name") } }))
        : await body(api.POST("/api/v1/auth/login", { body: given }));
      client.clear(); // it may be another person
      session.begin(answer);
      if (location.pathname === "/sign-in") go("/");
    } catch (error) {
      setFault(failing(error, text));
      setBusy(false);
      password.current?.focus();
    }
  }

  return (
    <main className="door">
      <div className="door-form">
        <span className="wordmark">
          <Wordmark />
        </span>
        <form onSubmit={(event) => void enter(event)}>
          <header>
            <h1>{joining ? text.signIn.newTitle : text.signIn.title}</h1>
            <p className="muted">{expired ? text.signIn.expired : text.signIn.lead}</p>
          </header>
          {joining && (
            <Field label={`${text.signIn.name} (${text.signIn.optional})`}>
              {(id) => <input id={id} className="input" name="name" autoComplete="name" maxLength={100} />}
            </Field>
          )}
          <Field label={text.signIn.email}>
            {(id) => (
              <input
                id={id} className="input" name="email" type="email" autoComplete="email" required
                defaultValue={known} autoFocus={!known}
              />
            )}
          </Field>
          <Field label={text.signIn.password} hint={joining ? text.signIn.passwordHint : undefined}>
            {(id) => (
              <>
                <input
                  id={id}
                  ref={password}
                  className="input"
                  name="password"
                  type="password"
                  autoComplete={joining ? "new-password" : "current-password"}
                  minLength={joining ? 8 : 1}
                  required
                  autoFocus={known != null}
                  aria-describedby={fault ? `${id}-fault` : undefined}
                />
                {fault && <p className="fault" role="alert" id={`${id}-fault`}>{fault}</p>}
              </>
            )}
          </Field>
          <Button type="submit" kind="primary" size="large" disabled={busy}>
            {joining ? text.signIn.create : text.signIn.enter}
          </Button>
          {ways.data?.google && (
            <a className="button" data-kind="outline" data-size="large" href="/api/v1/auth/google/start" onClick={session.expect}>
              {text.signIn.google}
            </a>
          )}
          <p className="switch-door">
            {joining ? text.signIn.toSignIn : text.signIn.toSignUp}{" "}
            <button type="button" className="link" onClick={() => { setJoining(!joining); setFault(""); }}>
              {joining ? text.signIn.enter : text.signIn.create}
            </button>
          </p>
        </form>
      </div>
      <div className="door-show" role="img" aria-label={text.signIn.shown}>
        <div className="show-stage">
          <MiniStage scenario={shown.scenario} width={960} height={720} seconds={shown.seconds} still={STILL} moving />
        </div>
        <VoiceLine scenario={shown.scenario} seconds={shown.seconds} still={STILL} />
      </div>
    </main>
  );
}
