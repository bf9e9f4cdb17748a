"""The guideline on bone metastases of lung cancer (Auvergne-Rhône-Alpes, 2023), whole: its rules and all that is theirs."""
