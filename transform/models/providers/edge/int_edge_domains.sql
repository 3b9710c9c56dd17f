{{ config(materialized='ephemeral') }}

-- The domains are those of the others.
select {{ domain_columns() }} where false
