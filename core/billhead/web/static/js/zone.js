// Tell the time zone of this browser, so that periods begin and end at the customer's midnight.
for (const field of document.querySelectorAll("input[data-fill-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
