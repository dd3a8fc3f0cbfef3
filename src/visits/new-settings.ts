import type { Problem } from '../core/problem.ts';
import type { AnyProduct, Product } from '../core/product.ts';
import { PRODUCT_NAMES, productNames } from '../gateway/product.ts';

/** What the settings of the person say now, or what is wrong with them. */
export type NewSettings = { readonly products: readonly Product[] } | { readonly problem: Problem };

/** Tells of settings that are written anew. */
export interface SettingsNews {
  /** Calls `hear` with each change from now on, until what it gives is called. */
  listen(hear: (news: NewSettings) => void): () => Promise<void>;
}

/** What comes of new settings while a gateway is followed. */
export interface Taken {
  /** The products that the look before the cutover is to know; null: as before. */
  readonly among: readonly AnyProduct[] | null;
  readonly message: string;
}

/**
 * Decides what of new settings counts while `followed` is followed: what it is was settled when that began; which others the look before
 * the cutover knows can change, where none was named (`isNamed`). Pure.
 */
export function takeSettings(
  news: NewSettings,
  { followed, isNamed }: { readonly followed: AnyProduct; readonly isNamed: boolean },
): Taken {
  if ('problem' in news) {
    const { message, hint } = news.problem;
    return { among: null, message: `The settings changed, and stay as they were: ${message} ${hint}` };
  }
  const { products } = news;
  const same = typeof followed === 'string' ? followed : products.find(({ name }) => name === followed.name);
  if (JSON.stringify(same) !== JSON.stringify(followed)) {
    const message = `The settings changed, but ${productNames(followed).name} is followed as it was described when this began. To follow it as it is now: neo-pull stop, then neo-pull sync --follow as before.`;
    return { among: null, message };
  }
  if (isNamed) return { among: null, message: 'The settings changed; nothing in them matters for this move.' };
  const among = [...PRODUCT_NAMES, ...products];
  const names = among.map((one) => productNames(one).name).join(', ');
  return { among, message: `The settings changed: the look before the cutover knows ${names}.` };
}
