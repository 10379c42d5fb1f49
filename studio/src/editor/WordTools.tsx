import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { wordAt } from "./document.ts";
import { breakBefore, joinBefore, mergeBefore, moveEdge, removeWord, restyle } from "./edits.ts";

export const EMPHASIS = 1.35;

/** What can be done with the selected word, for whoever does not know the keys. */
export function WordTools() {
  const { history, dispatch, player } = useDesk();
  const text = useText();
  const place = history.selected;
  const word = wordAt(history.present, place);
  if (!place || !word || history.editing)
    return <p className="word-tools muted tiny">{history.editing ? text.editor.editing : text.editor.pickWord}</p>;
  const hidden = word.style?.hidden === true;
  const strong = word.style?.scale != null;
  const edit = (change: Parameters<typeof dispatch>[0] & { do: "edit" }) => dispatch(change);
  return (
    <div className="word-tools" role="toolbar" aria-label={`${text.editor.wordTools}: ${word.text}`}>
      <Button kind="quiet" icon="edit" aria-label={text.editor.edit} onClick={() => dispatch({ do: "select", place, editing: true })} />
      <Button kind="quiet" icon="strong" aria-label={text.editor.emphasise} aria-pressed={strong}
        onClick={() => edit({ do: "edit", change: (one) => restyle(one, place, { scale: strong ? null : EMPHASIS }) })} />
      <Button kind="quiet" icon={hidden ? "show" : "hide"} aria-label={hidden ? text.editor.show : text.editor.hide} aria-pressed={hidden}
        onClick={() => edit({ do: "edit", change: (one) => restyle(one, place, { hidden: hidden ? null : true }) })} />
      <Button kind="quiet" icon="merge" aria-label={text.editor.merge} disabled={place.word === 0}
        onClick={() => edit({ do: "edit", worded: true, change: (one) => mergeBefore(one, place), select: { cue: place.cue, word: place.word - 1 } })} />
      {place.word === 0 ? (
        <Button kind="quiet" icon="join" aria-label={text.editor.joinBefore}
          onClick={() => edit({ do: "edit", change: (one) => joinBefore(one, place.cue) })} />
      ) : (
        <Button kind="quiet" icon="cut" aria-label={text.editor.breakHere}
          onClick={() => edit({ do: "edit", change: (one) => breakBefore(one, place) })} />
      )}
      <Button kind="quiet" icon="flag" aria-label={text.editor.startHere}
        onClick={() => edit({ do: "edit", change: (one) => moveEdge(one, place, "start", player.time()) })} />
      <Button kind="quiet" icon="trash" aria-label={text.editor.remove}
        onClick={() => edit({ do: "edit", change: (one) => removeWord(one, place) })} />
    </div>
  );
}
