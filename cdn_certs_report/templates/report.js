"use strict";
{
  const PER_PAGE = 50;
  const MOST_PRINTED = 2000;
  const DAY = 86400e3;
  const THEMES = ["automatic", "light", "dark"];
  const WORDS = {
    "served-otherwise": "served otherwise",
    "not-covered": "domain not covered",
    "disowned": "mismatch, says the provider",
    "end-disputed": "end disputed",
    "provider-worse": "worse, says the provider",
    "chain-ends-first": "intermediate ends first",
    "chain-incomplete": "chain incomplete",
    "deprecated": "deprecated algorithm",
    "off": "domain off",
    "too-long": "lives too long",
    "stale": "not read lately",
    "self-signed": "self-signed",
    "only-named": "in no list",
    "elsewhere": "also held elsewhere",
  };
  const find = (selector) => document.querySelector(selector);

  // A file that is opened from a disk may have no storage.
  const remember = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* shown, not kept */ } };
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };

  let theme = THEMES.includes(remembered()) ? remembered() : THEMES[0];
  // At once, before there is anything to be seen in the wrong colours.
  document.documentElement.dataset.theme = theme;

  const startTheme = () => {
    const button = find("#theme");
    const show = () => {
      document.documentElement.dataset.theme = theme;
      button.lastElementChild.textContent = theme;
    };
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      remember(theme);
      show();
    });
    button.hidden = false;
    show();
  };

  const warnOfAge = () => {
    const days = Math.floor((Date.now() - Date.parse(find("#made").dateTime)) / DAY);
    if (days < 1) return;
    const old = find("#old");
    old.textContent = `This page was made ${days} ${days === 1 ? "day" : "days"} ago. `
      + "The times left are as they were then; make it again to see today's.";
    old.hidden = false;
  };

  /** Makes an element; text is always text, never markup. */
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const startList = () => {
    const { columns, rows, verdicts } = JSON.parse(find("#data").textContent);
    const certificates = rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
    const words = {};
    for (const option of find("#state").options) words[option.value] = option.text;
    const severity = Object.keys(words);
    // None where the edge was not asked.
    const harm = Object.keys(verdicts ?? {});

    const search = find("#search");
    const filters = { state: find("#state"), provider: find("#provider"), account: find("#account") };
    const show = find("#show");
    const list = find("#list");
    const body = list.tBodies[0];
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const rank = ({ verdict }) => verdict === null ? harm.length : harm.indexOf(verdict);
    const sorts = {
      // They come sorted by their end, the unknown last, and that is where these stay.
      ends: null,
      state: (one, other) => severity.indexOf(one.state) - severity.indexOf(other.state),
      title: (one, other) => compare(one.title, other.title),
      domains: (one, other) => one.used_by.length - other.used_by.length,
      provider: (one, other) => compare(one.provider, other.provider) || compare(one.account, other.account),
      verdict: (one, other) => rank(one) - rank(other),
    };
    let sort = "ends";
    let descending = false;
    let matches = certificates;
    let page = 0;

    const text = (certificate) => certificate.text ??= [
      certificate.title, certificate.common_name, certificate.issuer, certificate.certificate_id,
      certificate.serial_number, certificate.fingerprint, certificate.provider, certificate.account,
      certificate.key, certificate.signature, ...certificate.used_by, ...certificate.also_covers, ...certificate.off,
      ...certificate.also_held_by,
    ].join("\n").toLowerCase();

    // Who looks for a domain must learn that it has no certificate.
    const without = Array.from(
      document.querySelectorAll("[aria-labelledby='without'] td:first-child"), (each) => each.textContent.toLowerCase(),
    );

    const cell = (name, ...children) => element("td", { role: "cell", class: name }, ...children);

    const summary = (certificate, index) => {
      const { used_by: used, off, common_name: name, title, flags } = certificate;
      const domains = used.length ? used : off.map((domain) => `${domain} (off)`);
      const unused = flags.includes("use-unknown") ? "perhaps in use"
        : flags.includes("serves-nothing") ? "not in use" : "in use elsewhere";
      const expand = element(
        "button", { type: "button", class: "expand", "aria-expanded": "false", "aria-controls": `detail-${index}` }, title,
      );
      const heading = cell("title", expand);
      if (name && name !== title) heading.append(element("span", { class: "note" }, name));
      const notes = element("span", { class: "note" });
      for (const flag of flags) if (WORDS[flag]) notes.append(element("span", { class: "flag" }, WORDS[flag]));
      if (notes.firstChild) heading.append(notes);
      const row = element(
        "tr", { role: "row" },
        cell("ends", certificate.ends?.slice(0, 16) ?? "unknown"),
        cell("left", certificate.left),
        cell("state", element("span", { class: `badge ${certificate.state}` }, words[certificate.state])),
        heading,
        cell("domains", domains[0] ?? element("span", { class: "quiet" }, unused),
          ...(domains.length > 1 ? [" ", element("span", { class: "quiet tight" }, `+${domains.length - 1} more`)] : [])),
        cell("provider", `${certificate.provider} / ${certificate.account}`),
        ...(verdicts ? [certificate.verdict === null ? cell("verdict unasked", "–") : cell("verdict", verdicts[certificate.verdict])] : []),
      );
      expand.addEventListener("click", () => {
        const open = expand.getAttribute("aria-expanded") === "true";
        expand.setAttribute("aria-expanded", String(!open));
        if (open) row.nextElementSibling.remove();
        else row.after(detail(certificate, index));
      });
      return row;
    };

    const namesOf = (heading, names, notCovered = []) => names.length ? [
      element("strong", {}, heading),
      element("ul", { class: "names", ...(names.length > 30 && { tabindex: "0", role: "list", "aria-label": heading }) },
        ...names.map((name) => element("li", {}, notCovered.includes(name) ? `${name} (not covered by the certificate)` : name))),
    ] : [];

    const detail = (certificate, index) => {
      const { days, limit } = certificate;
      const allowed = limit === null ? "" : `, ${limit} allowed${certificate.flags.includes("too-long") ? ": too long" : ""}`;
      const facts = {
        "Common name": certificate.common_name,
        "Issuer": certificate.issuer,
        "Valid": certificate.valid_to && `${certificate.begins ?? "unknown"} to ${certificate.valid_to} UTC`,
        "Intermediate ends": certificate.chain_ends && `${certificate.chain_ends} UTC`,
        "Served instead, ends": certificate.served_ends && `${certificate.served_ends} UTC`,
        "Ends, says the provider": certificate.provider_ends && `${certificate.provider_ends} UTC`,
        "Status, says the provider": certificate.provider_status,
        "Lifetime": days === null ? null : `${Math.round(days * 10) / 10} days${allowed}`,
        "Key": certificate.key,
        "Signature": [certificate.signature, certificate.digest].filter(Boolean).join(", "),
        "Certificate ID": certificate.certificate_id,
        "Serial number": certificate.serial_number,
        "SHA-256": certificate.fingerprint,
        "Read": certificate.read && `${certificate.read.slice(0, 16)} UTC${certificate.flags.includes("stale") ? ", and not since" : ""}`,
      };
      return element(
        "tr", { role: "row", class: "detail", id: `detail-${index}` },
        element(
          "td", { role: "cell", colspan: verdicts ? "7" : "6" },
          element(
            "div", { class: "panel" },
            ...namesOf("Served otherwise than configured", certificate.served_otherwise),
            ...namesOf("Domains it serves", certificate.used_by, certificate.not_covered),
            ...namesOf("Domains that are off", certificate.off),
            ...namesOf("Other domains it covers", certificate.also_covers),
            ...namesOf("Also held by: a renewal has to reach them too", certificate.also_held_by),
            element("dl", { class: "facts" }, ...Object.entries(facts).filter(([, value]) => value).flatMap(
              ([name, value]) => [element("dt", {}, name), element("dd", {}, value)],
            )),
          ),
        ),
      );
    };

    const render = (from = page * PER_PAGE, to = from + PER_PAGE) => {
      body.replaceChildren(...matches.slice(from, to).map((certificate, index) => summary(certificate, from + index)));
      const last = Math.min(to, matches.length);
      find("#page").textContent = `${(from + 1).toLocaleString("en")} to ${last.toLocaleString("en")}`;
      find("#previous").disabled = page === 0;
      find("#next").disabled = last === matches.length;
      find("#pages").hidden = matches.length <= PER_PAGE;
      list.hidden = matches.length === 0;
    };

    const update = () => {
      const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = Object.entries(filters).filter(([, select]) => select.value);
      matches = certificates.filter((certificate) =>
        wanted.every(([name, select]) => certificate[name] === select.value)
        && (!show.value || certificate.flags.includes(show.value))
        && terms.every((term) => text(certificate).includes(term)));
      if (sorts[sort]) matches.sort(sorts[sort]);
      if (descending) {
        matches.reverse();
        if (sort === "ends") matches = [...matches.filter((each) => each.ends), ...matches.filter((each) => !each.ends)];
      }
      page = 0;
      render();
      const all = certificates.length.toLocaleString("en");
      const also = terms.length && without.filter((name) => terms.every((term) => name.includes(term))).length;
      find("#count").textContent = (matches.length === certificates.length
        ? `${all} certificates`
        : `${matches.length.toLocaleString("en")} of ${all} certificates`)
        + (also ? `, and ${also.toLocaleString("en")} of the domains without a certificate` : "");
      for (const tile of document.querySelectorAll(".tile")) {
        tile.setAttribute("aria-pressed", String(tile.dataset.state === filters.state.value));
      }
    };

    const turn = (by) => {
      page += by;
      render();
      find("#certificates").focus();
      find("#certificates").scrollIntoView();
    };

    for (const name of ["provider", "account"]) {
      const values = [...new Set(certificates.map((certificate) => certificate[name]))].sort(compare);
      filters[name].append(...values.map((value) => element("option", { value }, value)));
    }
    const form = find("#filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", update);
    // The fields are empty only after the event.
    form.addEventListener("reset", () => setTimeout(update));
    find("#previous").addEventListener("click", () => turn(-1));
    find("#next").addEventListener("click", () => turn(1));
    list.tHead.addEventListener("click", ({ target }) => {
      if (!target.dataset.sort) return;
      descending = target.dataset.sort === sort && !descending;
      sort = target.dataset.sort;
      for (const header of list.tHead.rows[0].cells) header.removeAttribute("aria-sort");
      target.parentElement.setAttribute("aria-sort", descending ? "descending" : "ascending");
      update();
    });
    for (const tile of document.querySelectorAll(".tile")) {
      tile.addEventListener("click", () => {
        filters.state.value = filters.state.value === tile.dataset.state ? "" : tile.dataset.state;
        update();
      });
    }
    for (const finding of document.querySelectorAll("[data-show]")) {
      finding.addEventListener("click", () => {
        show.value = finding.dataset.show;
        update();
        find("#certificates").focus();
      });
    }
    // Paper has no pages to turn and nothing to open.
    addEventListener("beforeprint", () => {
      render(0, MOST_PRINTED);
      for (const details of document.querySelectorAll("details")) details.open = true;
      if (matches.length > MOST_PRINTED) find("#count").textContent += `, the first ${MOST_PRINTED.toLocaleString("en")} printed`;
    });
    addEventListener("afterprint", update);

    form.hidden = false;
    update();
  };

  addEventListener("DOMContentLoaded", () => {
    startTheme();
    warnOfAge();
    startList();
  });
}
