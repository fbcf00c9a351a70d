/** When an entry goes and takes the focus with it, the keyboard goes on from `to` and not from the top of the page. */
export function keepFocus(entries: () => number, to: () => HTMLElement | null): void {
  let before = 0;
  $effect(() => {
    const now = entries();
    if (now < before && document.activeElement === document.body) to()?.focus({ preventScroll: true });
    before = now;
  });
}
