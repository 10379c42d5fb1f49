import { useState } from "react";
import { useMe, useUsage } from "../api/queries.ts";
import { bytes, clock } from "../format.ts";
import { AccountFonts } from "../fonts/AccountFonts.tsx";
import { AccountLooks } from "../looks/AccountLooks.tsx";
import { TEXTS, useLanguage, type Language } from "../text/index.tsx";
import { scheme, type Scheme } from "../ui/appearance.ts";
import { Progress, Segments } from "../ui/controls.tsx";
import { PageHead } from "../ui/PageHead.tsx";
import { Shell } from "../ui/Shell.tsx";
import { Keys } from "./Keys.tsx";

export function AccountPage() {
  const { text, language, speak } = useLanguage();
  const me = useMe();
  const usage = useUsage();
  const [chosen, setChosen] = useState(scheme.chosen());
  const meter = (label: string, used: number, all: number, shown: (n: number) => string) => (
    <li className="meter">
      <span>{label}</span>
      <span className="muted number">{text.account.of(shown(used), shown(all))}</span>
      <Progress part={used / Math.max(1, all)} high label={label} />
    </li>
  );
  return (
    <Shell>
      <main className="page narrow">
        <PageHead back title={text.account.title} lead={<p className="muted">{me.data?.email ?? " "}</p>} />
        <section>
          <h2>{text.account.usage}</h2>
          {usage.data && (
            <>
              <ul className="rows">
                {meter(text.account.today, usage.data.today.renders, usage.data.quota.renders_per_day, String)}
                {meter(text.account.month, usage.data.month.renders, usage.data.quota.renders_per_month, String)}
                {meter(text.account.uploads, usage.data.month.upload_bytes, usage.data.quota.upload_bytes, bytes)}
              </ul>
              <p className="small muted">{text.account.exported(clock(usage.data.month.seconds))}</p>
            </>
          )}
        </section>
        <AccountLooks />
        <AccountFonts />
        <Keys />
        <section>
          <h2>{text.account.look}</h2>
          <ul className="rows">
            <li>
              <span>{text.account.lang}</span>
              <Segments<Language>
                label={text.account.lang}
                value={language}
                options={[["en", TEXTS.en.language], ["ko", TEXTS.ko.language]]}
                onChange={speak}
              />
            </li>
            <li>
              <span>{text.nav.appearance}</span>
              <Segments<Scheme>
                label={text.nav.appearance}
                value={chosen}
                options={[["system", text.nav.system], ["dark", text.nav.dark], ["light", text.nav.light]]}
                onChange={(one) => { scheme.choose(one); setChosen(one); }}
              />
            </li>
          </ul>
        </section>
      </main>
    </Shell>
  );
}
