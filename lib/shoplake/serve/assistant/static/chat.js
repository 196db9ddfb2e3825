"use strict";
// Whatever comes back is put in as text, never as HTML.
const session = crypto.randomUUID();
const talk = document.getElementById("talk");
const field = document.getElementById("text");

function say(text, mine, notes = []) {
  const item = document.createElement("li");
  item.className = mine ? "mine" : "theirs";
  const said = document.createElement("p");
  said.textContent = text;
  item.append(said);
  for (const note of notes) {
    const line = document.createElement("small");
    line.textContent = note;
    item.append(line);
  }
  talk.append(item);
  item.scrollIntoView({ block: "nearest" });
}

async function ask(text) {
  const answer = await fetch("/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text, session }),
  });
  const told = await answer.json();
  if (!answer.ok) return say(told.error, false);
  const notes = told.citations.map((citation) => `from ${citation}`);
  if (told.handover) notes.push(`handed over: ${told.reason}`);
  return say(told.text, false, notes);
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  say(text, true);
  ask(text).catch(() => say("No answer came. Is the server still running?", false));
});

fetch("/who").then((answer) => answer.json()).then((told) => {
  document.getElementById("who").textContent = told.who;
});
