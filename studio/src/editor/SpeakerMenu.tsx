import { useText } from "../text/index.tsx";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../ui/Menu.tsx";
import { useDesk } from "./context.ts";
import { colorsOf, type Cue, type Speaker } from "./document.ts";
import { addSpeaker, assign } from "./edits.ts";
import { PALETTE } from "./palette.ts";

/** Who says a caption, and giving it to another. */
export function SpeakerMenu({ cue, speaker, tabIndex }: { cue: Cue; speaker: Speaker | undefined; tabIndex: 0 | -1 }) {
  const { history, dispatch } = useDesk();
  const text = useText();
  const { speakers } = history.present;
  const colors = colorsOf(history.present);
  const name = speaker?.label || text.editor.nobody;
  const colored = (color: string | undefined, label: string) => (
    <>
      <span className="dot" style={{ color }} />
      <span>{label}</span>
    </>
  );
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className="speaker-button" tabIndex={tabIndex} aria-label={text.editor.speakerOf(name)}>
          {colored(colors.get(cue.speaker ?? "") ?? "currentColor", name)}
        </button>
      }
    >
      <MenuChoice
        label={text.editor.thisCaption}
        value={cue.speaker ?? ""}
        options={Object.entries(speakers).map(([id, one]) => [id, colored(colors.get(id), one.label)] as const)}
        onChange={(id) => dispatch({ do: "edit", change: (one) => assign(one, cue.id, id) })}
      />
      <MenuLine />
      <MenuItem
        onClick={() =>
          dispatch({
            do: "edit",
            change: (one) => {
              const [next, id] = addSpeaker(one, `${text.editor.newSpeaker} ${Object.keys(one.speakers).length + 1}`, PALETTE);
              return assign(next, cue.id, id);
            },
          })
        }
      >
        {text.editor.newSpeaker}
      </MenuItem>
    </Menu>
  );
}
