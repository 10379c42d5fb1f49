/** What this device keeps, as JSON under names of our own; where it may not, nothing is kept. */
export const kept = {
  read<T>(name: string): T | null {
    try {
      return JSON.parse(localStorage.getItem(`ecg.${name}`) ?? "null") as T | null;
    } catch {
      return null;
    }
  },
  write(name: string, value: unknown): void {
    try {
      localStorage.setItem(`ecg.${name}`, JSON.stringify(value));
    } catch {
      // full or forbidden: the work goes on without
    }
  },
  remove(name: string): void {
    try {
      localStorage.removeItem(`ecg.${name}`);
    } catch {
      // as above
    }
  },
};
