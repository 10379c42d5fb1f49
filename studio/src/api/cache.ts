import { QueryClient } from "@tanstack/react-query";
import { Refused } from "./client.ts";

/** What was asked of the api, for as long as it is fresh; one for the whole page. */
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // a query that waits for a connection says nothing of it; one that failed does
      networkMode: "always",
      refetchOnReconnect: true,
      retry: (count, error) => count < 2 && !(error instanceof Refused && error.problem.status < 500),
    },
  },
});
