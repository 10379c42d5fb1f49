import { useQuery } from "@tanstack/react-query";
import { api, body, type Daily } from "../api/client.ts";
import { failing } from "../api/told.ts";
import { bytes, lasting } from "../format.ts";
import { useLanguage } from "../text/index.tsx";
import { Bars } from "../ui/Bars.tsx";
import { Failure } from "../ui/controls.tsx";

/** What all accounts did on each of the last days: as bars, and as a table. */
export function Days() {
  const { text, language } = useLanguage();
  const days = useQuery({
    queryKey: ["admin", "days"],
    queryFn: async () => (await body(api.GET("/api/v1/admin/usage/days"))).items,
    refetchInterval: 60_000,
  });
  const time = (seconds: number) => lasting(seconds, language);
  const count = (n: number) => n.toLocaleString(language);
  const charts: { title: string; of: (day: Daily) => number; shown: (n: number) => string; bad?: boolean }[] = [
    { title: text.admin.exported, of: (day) => day.seconds, shown: time },
    { title: text.admin.uploaded, of: (day) => day.upload_bytes, shown: bytes },
    { title: text.admin.analysed, of: (day) => day.analysed, shown: time },
    { title: text.admin.failed, of: (day) => day.failed, shown: count, bad: true },
  ];
  const named = (day: Daily) =>
    new Date(`${day.day}T00:00Z`).toLocaleDateString(language, { month: "short", day: "numeric", timeZone: "UTC" });
  if (days.isError) return <Failure message={failing(days.error, text)} onAgain={() => void days.refetch()} />;
  const items = days.data ?? [];
  return (
    <section className="admin-part" aria-labelledby="admin-days">
      <h2 id="admin-days">{text.admin.days(items.length || 30)}</h2>
      <div className="charts" aria-busy={days.isPending}>
        {charts.map(({ title, of, shown, bad }) => (
          <Bars
            key={title}
            title={title}
            total={shown(items.reduce((sum, day) => sum + of(day), 0))}
            bars={items.map((day) => ({ label: named(day), value: of(day) }))}
            shown={shown}
            bad={bad ?? false}
          />
        ))}
      </div>
      <details className="as-table">
        <summary>{text.admin.asTable}</summary>
        <div className="table-room" tabIndex={0} role="group" aria-labelledby="admin-days">
          <table className="numbers">
            <thead>
              <tr>
                <th scope="col">{text.admin.day}</th>
                {charts.map(({ title }) => <th key={title} scope="col">{title}</th>)}
              </tr>
            </thead>
            <tbody>
              {items.toReversed().map((day) => (
                <tr key={day.day}>
                  <th scope="row">{named(day)}</th>
                  {charts.map(({ title, of, shown }) => <td key={title}>{of(day) ? shown(of(day)) : "–"}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
