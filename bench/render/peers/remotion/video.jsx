// The scenario's words over the clip, the spoken one in the speaker's colour and a little larger.
import React from "react";
import {
  AbsoluteFill,
  Composition,
  OffthreadVideo,
  interpolate,
  registerRoot,
  staticFile,
  useCurrentFrame,
  useVideoConfig,
} from "remotion";

const POP_SECONDS = 0.16;

function Word({ word, time, fontSize }) {
  const since = time - word.start;
  const spoken = since >= 0;
  const scale = interpolate(since, [0, POP_SECONDS * 0.35, POP_SECONDS], [1, 1.08, 1], {
    extrapolateLeft: "clamp",
    extrapolateRight: "clamp",
  });
  const style = {
    display: "inline-block",
    margin: `0 ${fontSize * 0.12}px`,
    color: spoken ? "#ffd23f" : "#e6e6e6",
    transform: `scale(${scale})`,
  };
  return <span style={style}>{word.text}</span>;
}

function Captioned({ cues }) {
  const { fps, width, height } = useVideoConfig();
  const time = useCurrentFrame() / fps;
  const fontSize = Math.min(width, height) * 0.05;
  const cue = cues.find((one) => one.start <= time && time < one.end);
  const box = {
    background: "rgb(0 0 0 / 0.75)",
    borderRadius: 16,
    padding: 16,
    maxWidth: "80%",
    textAlign: "center",
    font: `600 ${fontSize}px/1.22 sans-serif`,
  };
  return (
    <AbsoluteFill>
      <OffthreadVideo src={staticFile("clip.mp4")} />
      <AbsoluteFill style={{ justifyContent: "flex-end", alignItems: "center", paddingBottom: "8%" }}>
        {cue && (
          <div style={box}>
            {cue.words.map((word) => (
              <Word key={word.start} word={word} time={time} fontSize={fontSize} />
            ))}
          </div>
        )}
      </AbsoluteFill>
    </AbsoluteFill>
  );
}

function measure({ props }) {
  const { width, height, fps, frames } = props;
  return { width, height, fps, durationInFrames: frames };
}

registerRoot(() => (
  <Composition
    id="captioned"
    component={Captioned}
    width={1920}
    height={1080}
    fps={30}
    durationInFrames={1}
    defaultProps={{ cues: [] }}
    calculateMetadata={measure}
  />
));
