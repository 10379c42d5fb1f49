/** The element of a word in the transcript. */
export const wordId = (cue: string, word: number) => `w-${cue}-${word}`;
