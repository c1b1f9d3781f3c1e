/** How often this thread starts a program, until it is disposed. */
export function countedSpawns(): { readonly count: number } & Disposable {
  const { spawn } = Deno.Command.prototype;
  let count = 0;
  Deno.Command.prototype.spawn = function () {
    count++;
    return spawn.call(this);
  };
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => {
      Deno.Command.prototype.spawn = spawn;
    },
  };
}
