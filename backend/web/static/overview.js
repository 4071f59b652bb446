// Draws what the overview's tables say: uPlot, in the colours of the page, as wide as there is room.
"use strict";

(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const draw = async (place) => {
    if (place.dataset.drawn) return;
    place.dataset.drawn = "yes";
    const answer = await fetch(place.dataset.plot, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { days, issued, redeemed, labels, language } = await answer.json();
    const numbers = new Intl.NumberFormat(language, { notation: "compact" });
    const whole = new Intl.NumberFormat(language);
    const dates = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "2-digit", timeZone: "UTC" });
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const line = (label, ink, dash) => ({
      label, stroke: colour(ink), width: 2, dash, points: { show: days.length < 40 },
      value: (_plot, value) => (value === null ? "–" : whole.format(value)),
    });
    const width = () => Math.max(240, place.clientWidth);
    const plot = new uPlot({
      width: width(), height: 260,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      axes: [
        { ...axis, space: 70, values: (_plot, ticks) => ticks.map((tick) => dates.format(tick * 1000)) },
        { ...axis, size: 56, values: (_plot, ticks) => ticks.map((tick) => numbers.format(tick)) },
      ],
      series: [
        { label: labels[2], value: (_plot, value) => (value === null ? "–" : dates.format(value * 1000)) },
        line(labels[0], "--accent"), line(labels[1], "--good", [6, 4]),
      ],
      scales: { y: { range: (_plot, low, high) => [Math.min(0, low), Math.max(1, high)] } },
    }, [days, issued, redeemed], place);
    new ResizeObserver(() => plot.setSize({ width: width(), height: 260 })).observe(place);
  };

  const drawAll = () => document.querySelectorAll("[data-plot]").forEach(draw);
  document.addEventListener("htmx:afterSettle", drawAll);
  document.addEventListener("DOMContentLoaded", drawAll);
})();
