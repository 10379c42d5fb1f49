import { Tabs } from "@base-ui/react/tabs";
import type { Finding } from "../api/client.ts";
import { useText } from "../text/index.tsx";
import { Findings } from "./Findings.tsx";
import { Look } from "./Look.tsx";
import { Speakers } from "./Speakers.tsx";

export type Tab = "look" | "speakers" | "findings";

export function Inspector(props: {
  tab: Tab;
  onTab: (tab: Tab) => void;
  findings: readonly Finding[];
  settled: boolean;
}) {
  const text = useText();
  return (
    <aside className="inspector" tabIndex={-1} aria-label={text.look.tab}>
      <Tabs.Root value={props.tab} onValueChange={(value) => props.onTab(value as Tab)} className="tabs">
        <Tabs.List className="tab-list">
          <Tabs.Tab value="look" className="tab">{text.look.tab}</Tabs.Tab>
          <Tabs.Tab value="speakers" className="tab">{text.speakers.tab}</Tabs.Tab>
          <Tabs.Tab value="findings" className="tab">
            {text.findings.tab}
            {props.findings.length > 0 && <span className="count">{props.findings.length}</span>}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="look" className="tab-panel"><Look /></Tabs.Panel>
        <Tabs.Panel value="speakers" className="tab-panel"><Speakers /></Tabs.Panel>
        <Tabs.Panel value="findings" className="tab-panel">
          <Findings findings={props.findings} settled={props.settled} />
        </Tabs.Panel>
      </Tabs.Root>
    </aside>
  );
}
