filters.hidden = false;
document.documentElement.dataset.ready = "";
filter = readAddress();
showFilter();
applyFilters();
