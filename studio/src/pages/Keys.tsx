import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, body } from "../api/client.ts";
import { failing } from "../api/told.ts";
import { useLanguage } from "../text/index.tsx";
import { Button, Failure, Field } from "../ui/controls.tsx";

/** Keys for scripts: made here, shown once, deleted here. */
export function Keys() {
  const { text, language } = useLanguage();
  const client = useQueryClient();
  const keys = useQuery({
    queryKey: ["keys"],
    queryFn: async () => (await body(api.GET("/api/v1/auth/keys", { params: { query: { limit: 100 } } }))).items,
  });
  const [made, setMade] = useState("");
  const [fault, setFault] = useState("");
  const refresh = () => client.invalidateQueries({ queryKey: ["keys"] });
  const day = (time: string) => new Date(time).toLocaleDateString(language, { dateStyle: "medium" });

  async function tried(work: () => Promise<unknown>) {
    setFault("");
    try {
      await work();
      await refresh();
    } catch (error) {
      setFault(failing(error, text));
    }
  }

  function make(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get("name") ?? "").trim();
    void tried(async () => {
      const key = await body(api.POST("/api/v1/auth/keys", { body: { name, scopes: ["read", "write"] } }));
      setMade(key.key);
      form.reset();
    });
  }

  return (
    <section>
      <h2>{text.apiKeys.title}</h2>
      <p className="muted small">{text.apiKeys.lead}</p>
      {made && (
        <div className="notice made-key" role="status">
          <span>{text.apiKeys.once} <code>{made}</code></span>
          <Button size="small" kind="outline" onClick={() => void navigator.clipboard.writeText(made).catch(() => null)}>
            {text.apiKeys.copy}
          </Button>
        </div>
      )}
      {fault && <Failure message={fault} />}
      {keys.data && keys.data.length > 0 && (
        <ul className="rows">
          {keys.data.map((key) => (
            <li key={key.id}>
              <span>
                {key.name} <span className="muted small">{key.prefix}… · {text.apiKeys.madeOn(day(key.created_at))}</span>
              </span>
              <Button
                size="small"
                kind="quiet"
                aria-label={text.apiKeys.remove(key.name)}
                onClick={() => void tried(() => body(api.DELETE("/api/v1/auth/keys/{key_id}", { params: { path: { key_id: key.id } } })))}
              >
                {text.videos.delete}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <form className="key-form" onSubmit={make}>
        <Field label={text.apiKeys.name}>
          {(id) => <input id={id} className="input" data-size="small" name="name" maxLength={100} required />}
        </Field>
        <Button type="submit" kind="outline">{text.apiKeys.make}</Button>
      </form>
    </section>
  );
}
