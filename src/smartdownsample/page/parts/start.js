filters.hidden = false;
applyFilters();
document.documentElement.dataset.ready = "";
