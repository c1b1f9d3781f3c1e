/** How often everything else has a turn of the event loop until some work is done. */
export async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, isDone] = [0, false];
  const counting = (async () => {
    while (!isDone) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      turns++;
    }
  })();
  try {
    await work();
  } finally {
    isDone = true;
    await counting;
  }
  return turns;
}
