filters.hidden = false;
document.documentElement.dataset.ready = "";
applyFilters();
