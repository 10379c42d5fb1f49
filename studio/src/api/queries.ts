import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, body, type Style, type Video } from "./client.ts";

const BUSY = new Set(["pending", "queued", "running"]);

/** Whether something of this video is going to change by itself. */
export function isBusy(video: Video): boolean {
  return (
    video.state === "checking" ||
    BUSY.has(video.analysis?.state ?? "") ||
    BUSY.has(video.latest_render?.state ?? "")
  );
}

export const keys = {
  videos: ["videos"] as const,
  video: (id: string) => ["video", id] as const,
  renders: (id: string) => ["renders", id] as const,
  usage: ["usage"] as const,
  fonts: ["fonts"] as const,
};

export function useVideos() {
  return useInfiniteQuery({
    queryKey: keys.videos,
    queryFn: ({ pageParam }) =>
      body(
        api.GET("/api/v1/videos", {
          params: { query: { limit: 40, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some(isBusy)) ? 1500 : false,
  });
}

export function useVideo(id: string) {
  return useQuery({
    queryKey: keys.video(id),
    queryFn: () =>
      body(api.GET("/api/v1/videos/{video_id}", { params: { path: { video_id: id } } })),
    refetchInterval: ({ state }) => (state.data?.state === "checking" ? 1000 : false),
  });
}

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: () => body(api.GET("/api/v1/auth/me")), staleTime: Infinity });
}

export function useUsage() {
  return useQuery({ queryKey: keys.usage, queryFn: () => body(api.GET("/api/v1/usage")) });
}

export function useStyles() {
  return useQuery({
    queryKey: ["styles"],
    queryFn: async () => (await body(api.GET("/api/v1/styles"))).items as Style[],
    staleTime: Infinity,
  });
}

/** Those of this account first; the addresses of their files hold for longer than this is fresh. */
export const fontsAsked = {
  queryKey: keys.fonts,
  queryFn: async () => (await body(api.GET("/api/v1/fonts"))).items,
  staleTime: 8 * 60_000,
};

export function useFonts() {
  return useQuery(fontsAsked);
}

/** The newest renders of a video, newest first. */
export function useRenders(videoId: string) {
  return useQuery({
    queryKey: keys.renders(videoId),
    queryFn: async () => {
      const page = await body(api.GET("/api/v1/renders", { params: { query: { limit: 100 } } }));
      return page.items.filter((one) => one.video_id === videoId);
    },
  });
}

export { BUSY };
