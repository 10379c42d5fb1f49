/** Speaker colours that stay apart for colour-blind eyes, as captions are composed with. */
export const PALETTE = ["#f5b14b", "#56b4e9", "#7bd88f", "#e58fc0", "#f0e442", "#ff8f6b"] as const;
