import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { FontFamily } from "../api/client.ts";
import { keys } from "../api/queries.ts";
import { failing } from "../api/told.ts";
import { bytes } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Dialog, Progress } from "../ui/controls.tsx";
import { bring, KINDS, LARGEST, look, PICKED } from "./bring.ts";

/** In the file that was picked, and what it lacks as captions show it. */
const PICKED_FIRST = `"${PICKED}", "Pretendard Variable"`;

interface Picked {
  file: File;
  face: FontFace;
}

/** Asks for a font file and for the licence, and brings it. */
export function AddFont(props: { onAdded: (family: FontFamily) => void; onClose: () => void }) {
  const text = useText();
  const client = useQueryClient();
  const [picked, setPicked] = useState<Picked | null>(null);
  const [licensed, setLicensed] = useState(false);
  const [sent, setSent] = useState<number | null>(null);
  const [fault, setFault] = useState("");
  const picker = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!picked) return;
    document.fonts.add(picked.face);
    return () => void document.fonts.delete(picked.face);
  }, [picked]);

  async function pick(file: File) {
    const seen = await look(file);
    setPicked(seen.face && { file, face: seen.face });
    setFault(
      seen.fault === "kind" ? text.fonts.notFont(file.name)
        : seen.fault === "large" ? text.fonts.tooLarge(file.name, bytes(file.size), bytes(LARGEST))
        : seen.fault === "damaged" ? text.fonts.damaged(file.name) : "",
    );
  }

  async function add(file: File) {
    setFault("");
    setSent(0);
    try {
      const family = await bring(file, setSent);
      await client.invalidateQueries({ queryKey: keys.fonts });
      props.onAdded(family);
    } catch (error) {
      setFault(failing(error, text));
      setSent(null);
    }
  }

  const sending = sent !== null;
  return (
    <Dialog
      title={text.fonts.add}
      onClose={props.onClose}
      closable={!sending}
      footer={
        <>
          <Button kind="quiet" disabled={sending} onClick={props.onClose}>{text.videos.cancel}</Button>
          <Button kind="primary" disabled={!picked || !licensed || sending} onClick={() => picked && void add(picked.file)}>
            {text.fonts.send}
          </Button>
        </>
      }
    >
      <div className="row">
        <Button kind={picked ? "outline" : "primary"} icon="up" disabled={sending} onClick={() => picker.current?.click()}>
          {picked ? text.fonts.another : text.fonts.choose}
        </Button>
        <span className="muted small">{picked ? `${picked.file.name} · ${bytes(picked.file.size)}` : text.fonts.kinds(bytes(LARGEST))}</span>
      </div>
      <input
        ref={picker} type="file" accept={KINDS} hidden aria-label={text.fonts.choose} data-testid="font-file"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) void pick(file);
        }}
      />
      {picked && <p className="font-sample" style={{ fontFamily: PICKED_FIRST }}>{text.fonts.sample}</p>}
      <label className="check">
        <input type="checkbox" checked={licensed} disabled={sending} onChange={(event) => setLicensed(event.target.checked)} />
        <span>
          {text.fonts.licence}
          <small className="muted">{text.fonts.licenceHint}</small>
        </span>
      </label>
      {sending && (
        <div role="status">
          <Progress part={sent} label={text.fonts.add} />
          <p className="tiny muted">{sent < 1 ? text.fonts.sending(Math.floor(sent * 100)) : text.fonts.reading}</p>
        </div>
      )}
      {fault && <p className="fault" role="alert">{fault}</p>}
    </Dialog>
  );
}
