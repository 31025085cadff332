/** A time as Kubernetes writes it: RFC 3339 in UTC, second precision. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A stored refresh time younger than this is not written again for its own sake (D9, D52). All in milliseconds; `intervalMs` 0: never due. */
export function heartbeatOf(heartbeatMs: number, intervalMs: number): number {
  return 0.9 * (intervalMs > 0 ? Math.min(heartbeatMs, intervalMs) : heartbeatMs);
}
