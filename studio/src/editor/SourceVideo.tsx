import { useEffect, useRef } from "react";
import type { Video } from "../api/client.ts";
import type { Player } from "./player.ts";

/** The film as it was brought, which `player` plays. */
export function SourceVideo({ video, player }: { video: Video; player: Player }) {
  const media = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    player.attach(media.current);
    return () => player.attach(null);
  }, [player]);
  return (
    <video
      ref={media}
      src={`/api/v1/videos/${video.id}/source`}
      poster={video.poster_url ?? undefined}
      playsInline
      preload="auto"
      aria-label={video.filename}
      onClick={player.toggle}
    />
  );
}
