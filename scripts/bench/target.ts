/** What one target came to. Times in milliseconds. */
export interface Result {
  readonly id: string;
  readonly what: string;
  readonly target: string;
  readonly met: boolean | null;
  readonly figures: Readonly<Record<string, number>>;
  readonly runs: readonly number[];
}

export interface BenchOptions {
  /** Fewer and smaller: to see that it works. */
  readonly quick: boolean;
  /** For what goes on for some time. */
  readonly minutes: number;
}

/** One thing that is measured. */
export interface Target {
  readonly id: string;
  readonly measure: (options: BenchOptions) => Promise<readonly Result[]>;
}

/** The value that so large a share of all is at or below. NaN of none. Pure. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** How fast a figure grows, by least squares over `[x, y]`. Pure. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}
