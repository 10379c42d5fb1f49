import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { Menu, MenuItem } from "../ui/Menu.tsx";
import { useDesk } from "./context.ts";
import { colorsOf } from "./document.ts";
import { addSpeaker, describeSpeaker, mergeSpeakers, recolor } from "./edits.ts";
import { PALETTE } from "./palette.ts";

export function Speakers() {
  const { history, dispatch } = useDesk();
  const text = useText();
  const { speakers, cues } = history.present;
  const entries = Object.entries(speakers);
  const colors = colorsOf(history.present);
  return (
    <div className="speakers">
      {!entries.length && <p className="none muted">{text.speakers.none}</p>}
      <ul>
        {entries.map(([id, one]) => {
          const said = cues.filter((cue) => cue.speaker === id).length;
          const others = entries.filter(([other]) => other !== id);
          return (
            <li key={id}>
              <input
                type="color"
                className="swatch"
                aria-label={`${text.speakers.color}: ${one.label}`}
                value={colors.get(id)}
                onChange={(event) => {
                  const color = event.target.value;
                  dispatch({ do: "edit", group: `color ${id}`, change: (s) => recolor(s, id, color) });
                }}
              />
              <div className="field">
                <input
                  className="input"
                  data-size="small"
                  maxLength={80}
                  aria-label={text.speakers.name}
                  value={one.label}
                  onChange={(event) => {
                    const label = event.target.value;
                    dispatch({ do: "edit", group: `name ${id}`, change: (s) => describeSpeaker(s, id, { label }) });
                  }}
                />
                <p className="hint">{text.speakers.captions(said)}</p>
              </div>
              {others.length > 0 && (
                <Menu trigger={<Button kind="quiet" size="small" icon="more" aria-label={text.speakers.more(one.label)} />}>
                  <p className="menu-label">{text.speakers.mergeInto}</p>
                  {others.map(([other, look]) => (
                    <MenuItem key={other} onClick={() => dispatch({ do: "edit", change: (s) => mergeSpeakers(s, id, other) })}>
                      <span className="dot" style={{ color: colors.get(other) }} /> {look.label}
                    </MenuItem>
                  ))}
                </Menu>
              )}
            </li>
          );
        })}
      </ul>
      <Button
        kind="outline"
        icon="plus"
        onClick={() =>
          dispatch({
            do: "edit",
            change: (s) => addSpeaker(s, `${text.editor.newSpeaker} ${Object.keys(s.speakers).length + 1}`, PALETTE)[0],
          })
        }
      >
        {text.speakers.add}
      </Button>
    </div>
  );
}
