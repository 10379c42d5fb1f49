import { freshToken } from "../api/session.ts";
import { kept } from "../kept.ts";

/**
 * Playback of the film: one clock for picture, captions, words and timeline. `onTime` is told the
 * time of each frame that is shown, which is the time that the export draws it at.
 */
export interface Player {
  /** Another element goes on from where the one before was. */
  attach: (video: HTMLVideoElement | null) => void;
  time: () => number;
  state: () => PlayerState;
  subscribe: (listener: () => void) => () => void;
  onTime: (listener: (seconds: number) => void) => () => void;
  seek: (seconds: number) => void;
  /** To the first frame that is not before `seconds`, on which a word that starts then is said. */
  seekFrame: (seconds: number) => void;
  toggle: () => void;
  /** J, K, L: -1 backwards, 0 stands, 1 on; again in the same direction is faster. */
  shuttle: (direction: -1 | 0 | 1) => void;
  mute: () => void;
  /** Above 0 to 1, kept on the device; 0 mutes. */
  loudness: (volume: number) => void;
  end: () => void;
}

export interface PlayerState {
  playing: boolean;
  muted: boolean;
  volume: number;
  ready: boolean;
  failed: boolean;
}

const BACKWARDS_STEP = 0.1;
const FASTEST = 4;
const VOLUME = "volume";

export function createPlayer(duration: number, fps: number): Player {
  let video: HTMLVideoElement | null = null;
  let now = 0;
  let state: PlayerState = {
    playing: false, muted: false, volume: kept.read<number>(VOLUME) ?? 1, ready: false, failed: false,
  };
  let backwards = 0;
  let rewinding = 0;
  let leave = () => {};
  const listeners = new Set<() => void>();
  const clocks = new Set<(seconds: number) => void>();

  function tell(seconds: number) {
    now = seconds;
    for (const clock of clocks) clock(seconds);
  }

  function become(change: Partial<PlayerState>) {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  }

  function seek(seconds: number) {
    const to = Math.max(0, Math.min(duration, seconds));
    if (video && !state.failed) video.currentTime = to;
    tell(to);
  }

  function stopRewinding() {
    clearInterval(rewinding);
    backwards = 0;
  }

  function attach(next: HTMLVideoElement | null) {
    leave();
    video = next;
    if (!next) return;
    next.volume = state.volume;
    if (now > 0) next.currentTime = now;
    let frame = 0;
    let broken = 0;
    const shown = (_: number, facts: VideoFrameCallbackMetadata) => {
      if (!next.seeking) tell(facts.mediaTime);
      frame = next.requestVideoFrameCallback(shown);
    };
    const heard: [keyof HTMLMediaElementEventMap, () => void][] = [
      ["play", () => become({ playing: true })],
      ["pause", () => become({ playing: false })],
      ["ended", () => become({ playing: false })],
      ["volumechange", () => become({ muted: next.muted, volume: next.volume })],
      ["loadeddata", () => { broken = 0; become({ ready: true, failed: false }); }],
      ["error", () => {
        // an address of the store holds for a while only: ask for another, once
        const again = broken === 0 && next.error?.code === MediaError.MEDIA_ERR_NETWORK;
        broken += 1;
        if (!again) return become({ failed: true, ready: true, playing: false });
        const [source, at] = [next.src, now];
        void freshToken().catch(() => null).then(() => {
          next.src = source;
          next.currentTime = at;
        });
      }],
    ];
    for (const [name, listener] of heard) next.addEventListener(name, listener);
    frame = next.requestVideoFrameCallback(shown);
    if (state.playing) play();
    leave = () => {
      next.cancelVideoFrameCallback(frame);
      for (const [name, listener] of heard) next.removeEventListener(name, listener);
    };
  }

  function play() {
    if (video && !state.failed) void video.play().catch(() => become({ playing: false }));
  }

  return {
    attach,
    seek,
    seekFrame: (seconds) => seek(Math.ceil(seconds * fps - 0.01) / fps + 0.001),
    time: () => now,
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onTime(listener) {
      clocks.add(listener);
      return () => clocks.delete(listener);
    },
    toggle() {
      stopRewinding();
      if (!video) return;
      video.playbackRate = 1;
      if (video.paused) play();
      else video.pause();
    },
    shuttle(direction) {
      if (!video) return;
      const faster = video.paused ? 1 : Math.min(FASTEST, video.playbackRate * 2);
      const wasBackwards = backwards;
      stopRewinding();
      if (direction === 1) {
        video.playbackRate = faster;
        play();
        return;
      }
      video.pause();
      video.playbackRate = 1;
      if (direction === 0) return;
      backwards = wasBackwards ? Math.min(FASTEST, wasBackwards * 2) : 1;
      rewinding = window.setInterval(() => {
        seek(now - BACKWARDS_STEP * backwards);
        if (now <= 0) stopRewinding();
      }, BACKWARDS_STEP * 1000);
    },
    mute() {
      if (video) video.muted = !video.muted;
    },
    loudness(volume) {
      if (!video) return;
      video.muted = volume === 0;
      if (volume === 0) return;
      video.volume = volume;
      kept.write(VOLUME, volume);
    },
    end() {
      stopRewinding();
      leave();
    },
  };
}
