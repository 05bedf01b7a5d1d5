// Tell the time zone of this browser, so that periods begin and end at the customer's midnight.
for (const field of document.querySelectorAll("[data-fill-time-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  if (!field.options || [...field.options].some((one) => one.value === zone)) field.value = zone;
}
