import { QueryClientProvider } from "@tanstack/react-query";
import { Component, lazy, StrictMode, Suspense, useSyncExternalStore, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { Link, Route, Switch, useLocation } from "wouter";
import { cache } from "./api/cache.ts";
import { session } from "./api/session.ts";
import { AccountPage } from "./pages/Account.tsx";
import { SignIn } from "./pages/SignIn.tsx";
import { Videos } from "./pages/Videos.tsx";
import { TextProvider, useText } from "./text/index.tsx";
import { scheme } from "./ui/appearance.ts";
import { useArrival } from "./ui/arrival.ts";
import { Button } from "./ui/controls.tsx";
import { Shell } from "./ui/Shell.tsx";
import "./styles/theme.css";
import "./styles/controls.css";
import "./styles/pages.css";
import "./styles/editor.css";
import "./styles/panels.css";
import "./styles/looks.css";

const AdminPage = lazy(() => import("./pages/Admin.tsx"));
const VideoPage = lazy(() => import("./editor/VideoPage.tsx"));

function Pages() {
  const state = useSyncExternalStore(session.subscribe, session.state);
  const text = useText();
  const [path] = useLocation();
  useArrival(`${state} ${path}`);
  if (state !== "in") return <SignIn expired={state === "expired"} />;
  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/videos/:id">{({ id }) => <VideoPage key={id} id={id} />}</Route>
        <Route path="/account"><AccountPage /></Route>
        <Route path="/admin"><AdminPage /></Route>
        <Route path="/"><Videos /></Route>
        <Route path="/sign-in"><Videos /></Route>
        <Route>
          <Shell>
            <main className="page">
              <h1>{text.errors.notFound}</h1>
              <p><Link href="/">{text.errors.toVideos}</Link></p>
            </main>
          </Shell>
        </Route>
      </Switch>
    </Suspense>
  );
}

/** What is left to say where a part of the page itself fails; edits are kept on the device. */
class Last extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <Sorry /> : this.props.children;
  }
}

function Sorry() {
  const text = useText();
  return (
    <main className="page" role="alert">
      <h1>{text.errors.unexpected}</h1>
      <p><Button kind="primary" onClick={() => location.reload()}>{text.errors.reload}</Button></p>
    </main>
  );
}

scheme.apply();
const place = document.getElementById("studio");
if (place)
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <TextProvider>
          <Last>
            <Pages />
          </Last>
        </TextProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
