import { createContext, use, useEffect, useState, type ReactNode } from "react";
import { kept } from "../kept.ts";
import { en, type Text } from "./en.ts";
import { ko } from "./ko.ts";

export type { Text };
export const TEXTS = { en, ko } satisfies Record<string, Text>;
export type Language = keyof typeof TEXTS;

const Texts = createContext<{ text: Text; language: Language; speak: (one: Language) => void }>({
  text: en,
  language: "en",
  speak: () => {},
});

function preferred(): Language {
  const chosen = kept.read<Language>("language");
  if (chosen && chosen in TEXTS) return chosen;
  return navigator.languages.some((one) => one.startsWith("ko")) ? "ko" : "en";
}

export function TextProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speak = (one: Language) => {
    kept.write("language", one);
    setLanguage(one);
  };
  return <Texts value={{ text: TEXTS[language], language, speak }}>{children}</Texts>;
}

export const useText = () => use(Texts).text;
export const useLanguage = () => use(Texts);
