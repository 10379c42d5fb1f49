import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, Refused, type Account, type Job } from "../api/client.ts";
import { useMe } from "../api/queries.ts";
import { failing, told } from "../api/told.ts";
import { ago, bytes, lasting } from "../format.ts";
import { useLanguage } from "../text/index.tsx";
import { Button, Failure, Progress } from "../ui/controls.tsx";
import { PageHead } from "../ui/PageHead.tsx";
import { Shell } from "../ui/Shell.tsx";
import { Days } from "./AdminDays.tsx";

const STATES = ["pending", "queued", "running", "succeeded", "failed", "cancelled"] as const;
const KINDS = ["analysis", "render"] as const;
const REFRESH = 2_000;
const PAGE = 30;

/** For whoever runs the service: every job with its state, age and error, and what accounts use. */
export default function AdminPage() {
  const { text } = useLanguage();
  const me = useMe();
  const accounts = useAccounts(me.data?.role === "admin");
  const people = accounts.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Shell>
      <main className="page">
        <PageHead back title={text.admin.title} />
        {me.isSuccess && me.data.role !== "admin" && <p className="muted">{text.admin.forbidden}</p>}
        {me.data?.role === "admin" && (
          <>
            <Days />
            <Jobs emails={new Map(people.map((one) => [one.id, one.email]))} />
            <section className="admin-part" aria-labelledby="admin-usage">
              <h2 id="admin-usage">{text.admin.usage}</h2>
              {accounts.isError && <Failure message={failing(accounts.error, text)} onAgain={() => void accounts.refetch()} />}
              <ul className="rows">{people.map((one) => <AccountRow key={one.id} account={one} />)}</ul>
              {accounts.hasNextPage && (
                <Button kind="outline" onClick={() => void accounts.fetchNextPage()}>{text.videos.loadMore}</Button>
              )}
            </section>
          </>
        )}
      </main>
    </Shell>
  );
}

function useAccounts(enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["admin", "usage"],
    queryFn: ({ pageParam }) =>
      body(api.GET("/api/v1/admin/usage", { params: { query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    enabled,
  });
}

function Jobs({ emails }: { emails: ReadonlyMap<string, string> }) {
  const { text } = useLanguage();
  const [state, setState] = useState<Job["state"] | "">("");
  const [kind, setKind] = useState<Job["kind"] | "">("");
  const jobs = useInfiniteQuery({
    queryKey: ["admin", "jobs", kind, state],
    queryFn: ({ pageParam }) =>
      body(api.GET("/api/v1/admin/jobs", {
        params: {
          query: {
            limit: PAGE, ...(kind ? { kind } : {}), ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}),
          },
        },
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    refetchInterval: REFRESH,
    retry: (count, error) => count < 2 && !(error instanceof Refused),
  });
  const items = jobs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="admin-part" aria-labelledby="admin-jobs">
      <header className="admin-head">
        <h2 id="admin-jobs">{text.admin.jobs}</h2>
        <select className="input select" aria-label={text.admin.kind} value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
          <option value="">{text.admin.everyKind}</option>
          {KINDS.map((one) => <option key={one} value={one}>{text.admin.kinds[one]}</option>)}
        </select>
        <select className="input select" aria-label={text.admin.state} value={state} onChange={(event) => setState(event.target.value as typeof state)}>
          <option value="">{text.admin.everyState}</option>
          {STATES.map((one) => <option key={one} value={one}>{text.admin.states[one]}</option>)}
        </select>
      </header>
      {jobs.isError && <Failure message={failing(jobs.error, text)} onAgain={() => void jobs.refetch()} />}
      {jobs.isSuccess && !items.length && <p className="muted">{text.admin.none}</p>}
      <ul className="rows">{items.map((one) => <JobRow key={one.id} job={one} owner={emails.get(one.owner_id) ?? one.owner_id} />)}</ul>
      {jobs.hasNextPage && (
        <Button kind="outline" onClick={() => void jobs.fetchNextPage()}>{text.videos.loadMore}</Button>
      )}
    </section>
  );
}

const SHOWN = { pending: "idle", queued: "idle", running: "busy", succeeded: "good", failed: "bad", cancelled: "idle" } as const;

function JobRow({ job, owner }: { job: Job; owner: string }) {
  const { text, language } = useLanguage();
  const client = useQueryClient();
  const [fault, setFault] = useState("");
  const [asked, setAsked] = useState(false);
  const took = job.started_at && job.finished_at ? seconds(job.started_at, job.finished_at) : null;

  async function retry() {
    setFault("");
    setAsked(true);
    try {
      await body(api.POST("/api/v1/admin/jobs/{job_id}/retry", { params: { path: { job_id: job.id } } }));
      await client.invalidateQueries({ queryKey: ["admin", "jobs"] });
    } catch (error) {
      setFault(failing(error, text));
    } finally {
      setAsked(false);
    }
  }

  return (
    <li className="job">
      <b>{text.admin.kinds[job.kind]}</b>
      <span className="state" data-kind={SHOWN[job.state]}><span className="dot" />{text.admin.states[job.state]}</span>
      <span className="muted job-owner" title={owner}>{owner}</span>
      <time className="muted" dateTime={job.created_at} title={new Date(job.created_at).toLocaleString(language)}>{ago(job.created_at, language)}</time>
      <span className="muted number">{took == null ? "" : text.admin.took(lasting(took, language))}</span>
      <span className="muted number">{job.attempt > 1 && text.admin.attempt(job.attempt)}</span>
      <span className="job-act">
        {job.state === "failed" && (
          <Button size="small" kind="outline" disabled={asked} onClick={() => void retry()}>{text.admin.retry}</Button>
        )}
      </span>
      {job.error && <p className="job-error" title={job.error.detail}>{told(job.error, text)} <code>{job.error.code}</code></p>}
      {fault && <p className="fault job-error" role="alert">{fault}</p>}
    </li>
  );
}

const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

function AccountRow({ account }: { account: Account }) {
  const { text, language } = useLanguage();
  const { usage } = account;
  const meter = (label: string, used: number, all: number, shown: (n: number) => string) => (
    <div className="usage">
      <span className="tiny muted">{label}</span>
      <span className="tiny number">{text.account.of(shown(used), shown(all))}</span>
      <Progress part={used / Math.max(1, all)} high label={`${label}: ${account.email}`} />
    </div>
  );
  const facts = [
    account.success_rate == null ? "" : text.admin.success(Math.round(account.success_rate * 100)),
    account.mean_seconds == null ? "" : text.admin.mean(lasting(account.mean_seconds, language)),
  ].filter(Boolean);
  return (
    <li className="account">
      <div className="account-who">
        <b title={account.email}>{account.email}</b>
        {facts.length > 0 && <p className="tiny muted">{facts.join(" · ")}</p>}
      </div>
      {meter(text.account.today, usage.today.renders, usage.quota.renders_per_day, String)}
      {meter(text.account.month, usage.month.renders, usage.quota.renders_per_month, String)}
      {meter(text.account.uploads, usage.month.upload_bytes, usage.quota.upload_bytes, bytes)}
    </li>
  );
}
