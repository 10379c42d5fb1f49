import { useState } from "react";
import { useStyles } from "../api/queries.ts";
import { useText } from "../text/index.tsx";
import { Button, Failure } from "../ui/controls.tsx";
import { NameForm } from "./NameForm.tsx";
import { useLooks } from "./useLooks.ts";

/** The saved looks on the account's page: renamed and deleted here, made in the editor. */
export function AccountLooks() {
  const text = useText();
  const styles = useStyles();
  const { looks, fault, nameFault, replace, remove } = useLooks();
  const [naming, setNaming] = useState("");
  const titled = (name: string) => styles.data?.find((one) => one.name === name)?.title ?? name;
  return (
    <section>
      <h2>{text.looks.title}</h2>
      {!looks.length && <p className="muted small">{text.looks.none}</p>}
      {fault && <Failure message={fault} />}
      {looks.length > 0 && (
        <ul className="rows">
          {looks.map((look) =>
            naming === look.id ? (
              <li key={look.id}>
                <NameForm
                  label={text.looks.name}
                  value={look.name}
                  fault={(name) => nameFault(name, look)}
                  onName={async (name) => {
                    const went = await replace({ ...look, name });
                    if (went) setNaming("");
                    return went;
                  }}
                  onCancel={() => setNaming("")}
                />
              </li>
            ) : (
              <li key={look.id}>
                <span className="look-row">
                  <span>{look.name}</span>
                  <span className="muted small">
                    {titled(look.style.name)} · {text.looks.strength(look.style.strength ?? 1)}
                  </span>
                </span>
                <span className="row">
                  <Button size="small" kind="quiet" aria-label={text.looks.renameOne(look.name)} onClick={() => setNaming(look.id)}>
                    {text.looks.rename}
                  </Button>
                  <Button size="small" kind="quiet" aria-label={text.looks.deleteOne(look.name)} onClick={() => void remove(look)}>
                    {text.videos.delete}
                  </Button>
                </span>
              </li>
            ),
          )}
        </ul>
      )}
    </section>
  );
}
