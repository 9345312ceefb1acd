/** Bytes that arrive in pieces, in one piece: a million small buffers would weigh a hundred times what they hold. */
export interface Gathering {
  /** Takes what fits; whether that was all of it. */
  add(piece: Buffer): boolean;
  bytes(): Buffer;
}

/** Gathers `max` bytes at the most. */
export function gather(max: number): Gathering {
  let held = Buffer.alloc(0);
  let size = 0;
  return {
    add(piece) {
      const taken = Math.min(piece.length, max - size);
      if (size + taken > held.length) {
        const grown = Buffer.allocUnsafe(Math.min(max, Math.max(size + taken, 2 * held.length)));
        held.copy(grown, 0, 0, size);
        held = grown;
      }
      piece.copy(held, size, 0, taken);
      size += taken;
      return taken === piece.length;
    },
    bytes: () => held.subarray(0, size),
  };
}
